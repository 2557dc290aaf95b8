/**
 * Where a tall text is folded. Height is counted in narrow characters: a wide one counts two, and
 * a line break ends a line of at least `LINE`, so that short lines fold as soon as long ones.
 */
import { cutBefore } from './graphemes'
import { firstVisible } from './sendable'

const LINE = 40
/** Above this a text is folded. */
const TALL = 1_400
/** What a folded text shows. */
const SHOWN = 1_000
/** Hangul and everything from the symbols of East Asia on, emoji included. */
const WIDE = 0x1100

/**
 * What is shown of a tall text: its beginning, from the first line on that shows something. An ellipsis stands for
 * what is left out before and behind. Null for a text that needs no folding.
 */
export function folded(text: string): string | null {
  if (text.length <= TALL / LINE || fitting(text, 0, TALL) === text.length) return null
  const start = firstShown(text)
  const end = fitting(text, start, SHOWN)
  const whole = end === text.length
  const shown = whole ? text.slice(start) : text.slice(start, wordEnd(text, start, end)).trimEnd()
  return `${leftOut(text, start)}${shown}${whole ? '' : '…'}`
}

/** The end of the longest part from `start` on that is not higher than `most`. */
function fitting(text: string, start: number, most: number): number {
  let [height, line] = [0, 0]
  for (let at = start; at < text.length; at++) {
    if (breaksLine(text.charCodeAt(at))) {
      height += Math.max(0, LINE - line)
      line = 0
    } else {
      const width = text.charCodeAt(at) < WIDE ? 1 : 2
      height += width
      line = (line + width) % LINE
    }
    if (height > most) return at
  }
  return text.length
}

/** The beginning of the first line that shows something; in a long line, what it shows. */
function firstShown(text: string): number {
  const visible = firstVisible(text)
  let line = visible
  while (line > 0 && !breaksLine(text.charCodeAt(line - 1))) line -= 1
  return visible - line > LINE ? visible : line
}

function leftOut(text: string, start: number): string {
  if (start === 0) return ''
  return start < text.length && breaksLine(text.charCodeAt(start - 1)) ? '…\n' : '…'
}

const breaksLine = (code: number): boolean =>
  code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029

/** The end of the last word before `end`, if that is not far away. */
function wordEnd(text: string, start: number, end: number): number {
  const space = text.lastIndexOf(' ', end)
  return space - start > (end - start) / 2 ? space : cutBefore(text, end)
}
