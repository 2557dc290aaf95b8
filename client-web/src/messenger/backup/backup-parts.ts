/** What backup and restore need: one part of the build, fetched when one begins. */
export { collect, readContent } from './backup-content'
export { restore } from './restore'
