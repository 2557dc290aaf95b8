/** An address that a person typed, and whether a relay is there. */
import { call } from './http'

/** Without TLS only on the same device, for developers; a browser counts these as safe. */
const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * `chat.example.org` as `https://chat.example.org`; null when it is no address of a server, has a path, or
 * would send in clear.
 */
export function relayUrl(typed: string): string | null {
  const text = typed.trim().replace(/\/+$/, '')
  const withScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`
  // Chromium takes a host with blanks and writes them as %20.
  if (/[\s%]/.test(text) || !URL.canParse(withScheme)) return null
  const url = new URL(withScheme)
  const safe = url.protocol === 'https:' || (url.protocol === 'http:' && LOCAL.test(url.hostname))
  const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password
  return safe && bare && url.hostname ? url.origin : null
}

/** False also where the certificate does not fit the name: a page is not told that. */
export async function answersAsRelay(url: string): Promise<boolean> {
  try {
    const answer = await call(url, { method: 'GET', path: '/healthz' })
    return (answer as { ok?: unknown } | null)?.ok === true
  } catch {
    return false
  }
}
