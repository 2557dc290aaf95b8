/** An address that a person typed, and whether a relay is there. */

/** Without TLS only on the same device, for developers; a browser counts these as safe. */
const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
const TIMEOUT = 10_000

/**
 * `chat.example.org` as `https://chat.example.org`; null when it is no address of a server, has a path, or
 * would send in clear.
 */
export function relayUrl(typed: string): string | null {
  const text = typed.trim().replace(/\/+$/, '')
  const withScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`
  if (!URL.canParse(withScheme)) return null
  const url = new URL(withScheme)
  const safe = url.protocol === 'https:' || (url.protocol === 'http:' && LOCAL.test(url.hostname))
  const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password
  return safe && bare && url.hostname ? url.origin : null
}

/** A certificate that does not fit the name ends the call like no answer: a page is not told which. */
export async function answersAsRelay(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, {
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT),
    })
    const answer: unknown = await response.json()
    return response.ok && (answer as { ok?: unknown } | null)?.ok === true
  } catch {
    return false
  }
}
