import { cutBefore, cutBehind } from '@/text/graphemes'

/** A run of a search hit; the hit is cut to the surroundings of its first match. */
export interface ExcerptRun {
  readonly text: string
  readonly match: boolean
}

const BEFORE = 24
const LENGTH = 160

export function excerpt(
  text: string,
  ranges: readonly (readonly [number, number])[],
): readonly ExcerptRun[] {
  const first = ranges[0]?.[0] ?? 0
  const from = first > BEFORE * 2 ? wordStart(text, first - BEFORE) : 0
  const until = cutBefore(text, from + LENGTH)
  const runs: ExcerptRun[] = []
  let at = from
  for (const [first, last] of ranges) {
    const [start, end] = [cutBefore(text, first), cutBehind(text, last)]
    if (start < at || end > until) continue
    if (start > at) runs.push({ text: text.slice(at, start), match: false })
    runs.push({ text: text.slice(start, end), match: true })
    at = end
  }
  if (at < until) runs.push({ text: text.slice(at, until), match: false })
  if (from > 0) runs.unshift({ text: '… ', match: false })
  if (until < text.length) runs.push({ text: ' …', match: false })
  return runs
}

function wordStart(text: string, near: number): number {
  const space = text.indexOf(' ', near)
  return space === -1 || space > near + BEFORE ? cutBefore(text, near) : space + 1
}
