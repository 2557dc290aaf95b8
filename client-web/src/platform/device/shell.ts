import type { Shell } from '@/platform/platform'

/** A browser is no guest of ours: its back button, its bars and its links are its own. */
export const shell: Shell = {
  attach() {},
  showTheme() {},
  tap() {},
}
