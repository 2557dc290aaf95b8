/** What counts as an emoji. */
import { graphemes } from './graphemes'

const MOST = 3
/** Upper bound of the UTF-16 units of one emoji (families, flags of regions). */
const LONGEST = 40
/** Checks the first character before the text is cut into graphemes, which is slow; most texts are words. */
const beginning = /^[\p{Emoji_Presentation}\p{Extended_Pictographic}]/u

/** Up to three emoji and nothing else: shown large, as every messenger does. */
export function isEmojiOnly(text: string): boolean {
  const bare = text.trim()
  if (bare.length > MOST * LONGEST || !beginning.test(bare)) return false
  const parts = graphemes(bare)
  return parts.length <= MOST && parts.every(isPicture)
}

/** One emoji and nothing else; a keycap or a letter-like sign in its coloured form is one. */
export function isEmoji(text: string): boolean {
  if (text.length > LONGEST || graphemes(text).length !== 1) return false
  return (
    isPicture(text) ||
    /^[\d#*]\uFE0F\u20E3$/u.test(text) ||
    /^\p{Extended_Pictographic}/u.test(text)
  )
}

/** Drawn as a picture by itself or by a variation selector; a bare digit or ™ is text. */
const isPicture = (grapheme: string): boolean =>
  /^\p{Emoji_Presentation}/u.test(grapheme) || /^\p{Extended_Pictographic}\uFE0F/u.test(grapheme)
