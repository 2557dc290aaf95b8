/** Reasons why a text cannot be sent as a message. Pure; the field and the messenger both use it. */
import { wellFormed } from './graphemes'

/** UTF-16 units. As UTF-8 in JSON at most 3 bytes each once control characters are refused: below the relay's 64 KiB. */
export const MAX_TEXT = 16_000

/**
 * `blank`: nothing, or nothing that anybody can see. `control`: control characters or lone
 * surrogates, which take six bytes each and mean nothing to a reader.
 */
export type TextProblem = 'blank' | 'too_long' | 'control'

/** No space, default-ignorable character (zero-width, filler) or one of the two symbols drawn as nothing. */
const VISIBLE = /[^\s\p{Cc}\p{DI}\u2800\u{1D159}]/u
/** Tab and line breaks are text. */
const CONTROL = /(?![\t\n\r])\p{Cc}/u

/** Where the text begins to show something; its length where it shows nothing. */
export function firstVisible(text: string): number {
  const at = text.search(VISIBLE)
  return at < 0 ? text.length : at
}

export const isBlank = (text: string): boolean => !VISIBLE.test(text)

export function textProblem(text: string): TextProblem | null {
  if (text.length > MAX_TEXT) return 'too_long'
  if (CONTROL.test(text) || wellFormed(text) !== text) return 'control'
  return isBlank(text) ? 'blank' : null
}
