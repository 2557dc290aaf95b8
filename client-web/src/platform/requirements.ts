/** What the app cannot run without, asked before anything of it is made. */

/**
 * `secure_context`: neither https nor localhost, so no keys. `storage`: the browser keeps nothing for
 * this page. `browser`: it lacks something that current ones have.
 */
export type Missing = 'secure_context' | 'storage' | 'browser'

/** Null when everything is there. */
export function missingIn(page: typeof globalThis): Missing | null {
  if (!page.isSecureContext) return 'secure_context'
  if (!has(() => page.indexedDB)) return 'storage'
  const parts = [
    has(() => page.crypto.subtle),
    has(() => page.navigator.locks),
    has(() => page.BroadcastChannel),
    has(() => page.Worker),
  ]
  return parts.every(Boolean) ? null : 'browser'
}

/** Where a browser forbids a part, it may throw instead of leaving it out. */
function has(part: () => unknown): boolean {
  try {
    return Boolean(part())
  } catch {
    return false
  }
}
