/**
 * Cuts texts between grapheme clusters (UAX #29): the units that people see as one character.
 * Browsers without `Intl.Segmenter` get an approximation that knows marks, emoji and flags.
 */

/** A longer cluster (stacked marks) is cut between code points, UTF-16 units. */
const LONGEST = 64
const APPROXIMATION =
  /\r\n|\p{RI}{2}|(?:\P{M}|^\p{M})[\p{M}\p{EMod}\u{E0020}-\u{E007F}]*(?:\u200D[^\p{M}\s][\p{M}\p{EMod}]*)*/gsu

const segmenter =
  typeof Intl === 'object' && 'Segmenter' in Intl
    ? new Intl.Segmenter(undefined, { granularity: 'grapheme' })
    : null

export function graphemes(text: string): string[] {
  if (!segmenter) return approximateGraphemes(text)
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/** For browsers without `Intl.Segmenter`. */
export function approximateGraphemes(text: string): string[] {
  return text.match(APPROXIMATION) ?? []
}

/** The end of the longest beginning of `text` of at most `most` units that splits no grapheme. */
export function cutBefore(text: string, most: number): number {
  if (most >= text.length) return text.length
  if (most <= 0) return 0
  const start = clusterStart(text, most)
  return most - start > LONGEST ? codePointStart(text, most) : start
}

/** The first place at or behind `least` that splits no grapheme. */
export function cutBehind(text: string, least: number): number {
  if (least >= text.length) return text.length
  if (least <= 0) return 0
  const start = clusterStart(text, least)
  if (start === least) return least
  const length = clusterAt(text, start).length
  if (length <= LONGEST) return start + length
  return codePointStart(text, least) === least ? least : least + 1
}

/** `text`, or its beginning with an ellipsis. */
export function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, cutBefore(text, most))}…`
}

/** Lone surrogates become U+FFFD, as every encoder would make them. */
export const wellFormed = (text: string): string => text.replaceAll(/\p{Surrogate}/gu, '\uFFFD')

function clusterStart(text: string, at: number): number {
  if (segmenter) return segmenter.segment(text).containing(at)?.index ?? at
  let start = 0
  for (const cluster of approximateGraphemes(text)) {
    if (start + cluster.length > at) break
    start += cluster.length
  }
  return start
}

function clusterAt(text: string, start: number): string {
  if (segmenter) return segmenter.segment(text).containing(start)?.segment ?? ''
  return approximateGraphemes(text.slice(start, start + LONGEST + 1))[0] ?? ''
}

/** The place itself, or the one before it inside a surrogate pair. */
function codePointStart(text: string, at: number): number {
  const isLow = (text.charCodeAt(at) & 0xfc00) === 0xdc00
  const afterHigh = (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
  return isLow && afterHigh ? at - 1 : at
}
