/** The number of panes, by the two widths at which the layout changes. */
import { useMediaQuery } from '@vueuse/core'

export function useLayout() {
  return {
    /** List and main pane side by side. */
    wide: useMediaQuery('(min-width: 900px)'),
    /** Details as a third pane. */
    triple: useMediaQuery('(min-width: 1280px)'),
    /** Mouse or pen: focusing a field opens no on-screen keyboard. */
    precise: useMediaQuery('(pointer: fine)'),
    calm: useMediaQuery('(prefers-reduced-motion: reduce)'),
  }
}
