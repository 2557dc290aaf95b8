/** Whether a text is one to three emoji and nothing else. Such a text is drawn large. */
import { graphemes } from '@/text/graphemes'

const MOST = 3
/** Upper bound of the UTF-16 units of one emoji (families, flags of regions). */
const LONGEST = 40
/** Checks the first character before the text is cut into graphemes, which is slow; most texts are words. */
const beginning = /^[\p{Emoji_Presentation}\p{Extended_Pictographic}]/u

export function isEmojiOnly(text: string): boolean {
  const bare = text.trim()
  if (bare.length > MOST * LONGEST || !beginning.test(bare)) return false
  const parts = graphemes(bare)
  return parts.length <= MOST && parts.every(isEmoji)
}

/** Whether the grapheme is drawn as a picture, by itself or by a variation selector. A bare digit or ™ is text. */
function isEmoji(grapheme: string): boolean {
  return (
    /^\p{Emoji_Presentation}/u.test(grapheme) || /^\p{Extended_Pictographic}\uFE0F/u.test(grapheme)
  )
}
