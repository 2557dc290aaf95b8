/** How many panes fit: the two widths the layout changes at. */
import { useMediaQuery } from '@vueuse/core'

export function useLayout() {
  return {
    /** List and main side by side. */
    wide: useMediaQuery('(min-width: 900px)'),
    /** Details as a third pane. */
    triple: useMediaQuery('(min-width: 1280px)'),
    /** A mouse or pen: focusing a text field opens no on-screen keyboard. */
    precise: useMediaQuery('(pointer: fine)'),
    calm: useMediaQuery('(prefers-reduced-motion: reduce)'),
  }
}
