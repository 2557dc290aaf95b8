/**
 * Events that fire when a page becomes visible again or the network returns. A browser may fire several at once,
 * and no single event covers every case.
 */
const OF_DOCUMENT = ['visibilitychange', 'resume'] as const
const OF_WINDOW = ['pageshow', 'focus'] as const

/** Calls `listener` at each event. The returned function stops that. */
export function onReturn(listener: () => void): () => void {
  for (const sign of OF_DOCUMENT) document.addEventListener(sign, listener)
  for (const sign of OF_WINDOW) addEventListener(sign, listener)
  return () => {
    for (const sign of OF_DOCUMENT) document.removeEventListener(sign, listener)
    for (const sign of OF_WINDOW) removeEventListener(sign, listener)
  }
}
