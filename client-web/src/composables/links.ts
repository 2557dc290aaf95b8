/**
 * Message text cut into plain runs and web links. Only http and https become links, the address
 * opened is the one the browser parsed, and text is never markup. Highlights (search) mark runs.
 */
export interface TextRun {
  readonly text: string
  /** Set for a link. */
  readonly href: string | null
}

const candidate = /\bhttps?:\/\/[^\s<>"'`{}|\\^\u202A-\u202E\u2066-\u2069]+/giu
const trailing = /[.,:;!?…'"»«”“)\]}]+$/u

export function cutLinks(text: string): readonly TextRun[] {
  const runs: TextRun[] = []
  let from = 0
  for (const match of text.matchAll(candidate)) {
    const raw = trimEnd(match[0])
    const href = safeHref(raw)
    if (href === null) continue
    if (match.index > from) runs.push({ text: text.slice(from, match.index), href: null })
    runs.push({ text: raw, href })
    from = match.index + raw.length
  }
  if (from < text.length || runs.length === 0) runs.push({ text: text.slice(from), href: null })
  return runs
}

/** Sentence punctuation is not part of an address, a closing bracket is if it was opened inside. */
function trimEnd(raw: string): string {
  let text = raw
  for (;;) {
    const tail = trailing.exec(text)
    if (!tail) return text
    const last = text.at(-1)
    if (last === ')' && text.split('(').length >= text.split(')').length) return text
    text = text.slice(0, -1)
  }
}

function safeHref(raw: string): string | null {
  try {
    const url = new URL(raw)
    const web = url.protocol === 'http:' || url.protocol === 'https:'
    // An address that shows one name and goes to another ("https://bank@evil") is left as text.
    return web && url.username === '' && url.password === '' ? url.href : null
  } catch {
    return null
  }
}
