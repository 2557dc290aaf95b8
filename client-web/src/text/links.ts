/**
 * Message text cut into plain runs and web links, in time linear in its length. Only http and
 * https become links, and the address opened is the one the browser parsed. A link whose host
 * does not read as what it is (look-alike letters, numbers for an address) shows the real one.
 */
import { isLookalikeHost } from './hosts'

export interface TextRun {
  /** As it was written; all runs together are the whole text. */
  readonly text: string
  /** Set for a link. */
  readonly href: string | null
  /** The text shown: `text`, or the same with the host that the link really opens. */
  readonly shown: string
}

/** No part of a link: sentence marks of other scripts, and characters that turn or hide text. */
const END =
  '\\u060C\\u061B\\u061F\\u06D4\\u0964\\u0965\\u3000-\\u3003\\u3008-\\u3011\\u3014-\\u301F' +
  '\\uFF01\\uFF08\\uFF09\\uFF0C\\uFF0E\\uFF1A\\uFF1B\\uFF1F\\uFF3B\\uFF3D\\uFF5B-\\uFF65' +
  '\\p{Bidi_C}\\u00AD\\u200B\\u2060\\uFEFF'
const candidate = new RegExp(`\\bhttps?:\\/\\/[^\\s<>"'\`{}|\\\\^${END}]+`, 'giu')
const trailing = /[.,:;!?…'"»«”“)\]}]/u

export function cutLinks(text: string): readonly TextRun[] {
  const runs: TextRun[] = []
  let from = 0
  for (const match of text.matchAll(candidate)) {
    const raw = trimEnd(match[0])
    const url = safeUrl(raw)
    if (!url) continue
    if (match.index > from) runs.push(plain(text.slice(from, match.index)))
    runs.push({ text: raw, href: url.href, shown: withRealHost(raw, url) })
    from = match.index + raw.length
  }
  if (from < text.length || runs.length === 0) runs.push(plain(text.slice(from)))
  return runs
}

const plain = (text: string): TextRun => ({ text, href: null, shown: text })

/** Sentence punctuation is not part of an address, a closing bracket is if it was opened inside. */
function trimEnd(raw: string): string {
  let surplus = 0
  for (const char of raw) surplus += char === ')' ? 1 : char === '(' ? -1 : 0
  let end = raw.length
  while (end > 0 && trailing.test(raw.charAt(end - 1))) {
    if (raw.charAt(end - 1) === ')') {
      if (surplus <= 0) break
      surplus -= 1
    }
    end -= 1
  }
  return raw.slice(0, end)
}

function safeUrl(raw: string): URL | null {
  try {
    const url = new URL(raw)
    const web = url.protocol === 'http:' || url.protocol === 'https:'
    // An address that shows one name and goes to another ("https://bank@evil") is left as text.
    return web && url.username === '' && url.password === '' ? url : null
  } catch {
    return null
  }
}

/** `https://HOST/…` with the host that is opened, unless what was written says the same. */
function withRealHost(raw: string, url: URL): string {
  const [, scheme = '', written = '', rest = ''] = /^(https?:\/\/)([^/?#]*)(.*)$/isu.exec(raw) ?? []
  const host = written.replace(/:\d*$/, '').toLowerCase()
  if (host === url.hostname) return raw
  const international = /[^\0-\x7F]/.test(host) && host.normalize('NFKC') === host
  if (international && !isLookalikeHost(host)) return raw
  return `${scheme}${url.host}${rest === '' || rest.startsWith('/') ? rest : `/${rest}`}`
}
