/**
 * Where the browser says that a page is looked at again, or that the network is back. A browser
 * fires some of them together, and none for every way of coming back.
 */
const OF_DOCUMENT = ['visibilitychange', 'resume'] as const
const OF_WINDOW = ['pageshow', 'focus'] as const

/** Calls `listener` at each; the result stops that. */
export function onReturn(listener: () => void): () => void {
  for (const sign of OF_DOCUMENT) document.addEventListener(sign, listener)
  for (const sign of OF_WINDOW) addEventListener(sign, listener)
  return () => {
    for (const sign of OF_DOCUMENT) document.removeEventListener(sign, listener)
    for (const sign of OF_WINDOW) removeEventListener(sign, listener)
  }
}
