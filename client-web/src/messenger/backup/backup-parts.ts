/** The code of backup and restore: one chunk of the build, fetched when one of them begins. */
export { collect, readContent } from './backup-content'
export { restore } from './restore'
