/** Parses a typed address, and checks whether a relay answers there. */
import { call } from './http'

/** Without TLS only on the same device, for developers. Browsers treat these origins as secure. */
const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * `chat.example.org` as `https://chat.example.org`. Null for anything but a server address: one with a path, or
 * without encryption.
 */
export function relayUrl(typed: string): string | null {
  const text = typed.trim().replace(/\/+$/, '')
  const withScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`
  // Chromium accepts a host with blanks and writes them as %20.
  if (/[\s%]/.test(text) || !URL.canParse(withScheme)) return null
  const url = new URL(withScheme)
  const safe = url.protocol === 'https:' || (url.protocol === 'http:' && LOCAL.test(url.hostname))
  const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password
  return safe && bare && url.hostname ? url.origin : null
}

/** False also where the certificate does not match the name: a page is not told the reason. */
export async function answersAsRelay(url: string): Promise<boolean> {
  try {
    const answer = await call(url, { method: 'GET', path: '/healthz' })
    return (answer as { ok?: unknown } | null)?.ok === true
  } catch {
    return false
  }
}
