import type { Component } from 'vue'

/** One action in a drop-down or context menu. `danger` sets it apart from the rest. */
export interface MenuEntry {
  readonly key: string
  readonly label: string
  readonly icon: Component
  readonly danger?: boolean
  readonly run: () => void
}
