import type { Component } from 'vue'

/** One entry of a drop-down or context menu. `danger` sets it apart. */
export interface MenuEntry {
  readonly key: string
  readonly label: string
  readonly icon: Component
  readonly danger?: boolean
  readonly run: () => void
}

/** Opens the surrounding UiContextMenu under a button, for input without a right click. */
export function openMenuAt(event: Event): void {
  const button = event.currentTarget as HTMLElement
  const box = button.getBoundingClientRect()
  button.dispatchEvent(
    new MouseEvent('contextmenu', {
      bubbles: true,
      cancelable: true,
      clientX: box.left + box.width / 2,
      clientY: box.bottom,
    }),
  )
}
