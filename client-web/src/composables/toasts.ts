/** Short confirmations at the bottom of the screen. There is at most one; a new one replaces it. */
import { readonly, shallowRef } from 'vue'

export interface Toast {
  readonly id: number
  readonly text: string
}

const SHOWN_MS = 3_200
const current = shallowRef<Toast | null>(null)
let timer: ReturnType<typeof setTimeout> | undefined
let count = 0

function show(text: string): void {
  clearTimeout(timer)
  count += 1
  current.value = { id: count, text }
  timer = setTimeout(() => (current.value = null), SHOWN_MS)
}

export function useToasts() {
  return { current: readonly(current), show }
}
