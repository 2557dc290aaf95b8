import type { Shell } from '@/platform/platform'

/** A browser has its own back button, bars and links. */
export const shell: Shell = {
  attach() {},
  showTheme() {},
  tap() {},
}
