/**
 * Where a tall text is folded. Height is counted in narrow characters: a wide one counts two, and
 * a line break ends a line of at least `LINE`, so that short lines fold as soon as long ones.
 */
import { cutBefore } from './graphemes'

const LINE = 40
/** Above this a text is folded. */
const TALL = 1_400
/** What a folded text shows. */
const SHOWN = 1_000
/** Hangul and everything from the symbols of East Asia on, emoji included. */
const WIDE = 0x1100

/** The end of what a folded text shows; null for a text that needs no folding. */
export function foldedEnd(text: string): number | null {
  if (text.length <= TALL / LINE) return null
  let [height, line, end] = [0, 0, text.length]
  for (let at = 0; at < text.length; at++) {
    if (breaksLine(text.charCodeAt(at))) {
      height += Math.max(0, LINE - line)
      line = 0
    } else {
      const width = text.charCodeAt(at) < WIDE ? 1 : 2
      height += width
      line = (line + width) % LINE
    }
    if (height <= SHOWN) end = at + 1
    if (height > TALL) return wordEnd(text, end)
  }
  return null
}

const breaksLine = (code: number): boolean =>
  code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029

/** The end of the last word before `end`, if that is not far away. */
function wordEnd(text: string, end: number): number {
  const space = text.lastIndexOf(' ', end)
  return space > end / 2 ? space : cutBefore(text, end)
}
