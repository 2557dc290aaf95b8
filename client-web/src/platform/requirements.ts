/** Requirements of the app, checked before anything else starts. */

/**
 * `secure_context`: neither https nor localhost, so WebCrypto is missing. `storage`: the browser stores nothing
 * for this page. `browser`: a feature of current browsers is missing.
 */
export type Missing = 'secure_context' | 'storage' | 'browser'

/** Null if all requirements are met. */
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

/** A browser that forbids a feature may throw on access. */
function has(part: () => unknown): boolean {
  try {
    return Boolean(part())
  } catch {
    return false
  }
}
