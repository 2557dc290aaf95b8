/** The engine's part of linking a device: one chunk of the build. */
export { LinkSides } from './link-sides'
