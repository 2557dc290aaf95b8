/** Ctrl+F and Cmd+F search in the open chat. Where its field has the focus already, the browser's own search opens. */
import { useEventListener } from '@vueuse/core'

/** `pane`: an element of the chat; null while it is not drawn. */
export function useFindKey(pane: () => HTMLElement | null, find: () => void): void {
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    const { altKey, ctrlKey, key, metaKey, shiftKey } = event
    if (key.toLowerCase() !== 'f' || !(ctrlKey || metaKey) || altKey || shiftKey) return
    const element = pane()
    if (!element || element.closest('[inert]')) return
    if (document.querySelector('[role="dialog"], [role="menu"]')) return
    if (document.activeElement?.closest('[data-testid="chat-search"]')) return
    event.preventDefault()
    find()
  })
}
