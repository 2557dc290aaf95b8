/** Up to three emoji and nothing else: shown large, as every messenger does. */
import { graphemes } from '@/text/graphemes'

const MOST = 3
/** The longest single emoji (families, flags of regions) stay below this many UTF-16 units. */
const LONGEST = 40
/** What such a text begins with: cutting into graphemes is slow, and most texts are words. */
const beginning = /^[\p{Emoji_Presentation}\p{Extended_Pictographic}]/u

export function isEmojiOnly(text: string): boolean {
  const bare = text.trim()
  if (bare.length > MOST * LONGEST || !beginning.test(bare)) return false
  const parts = graphemes(bare)
  return parts.length <= MOST && parts.every(isEmoji)
}

/** Drawn as a picture by itself or by a variation selector; a bare digit or ™ is text. */
function isEmoji(grapheme: string): boolean {
  return (
    /^\p{Emoji_Presentation}/u.test(grapheme) || /^\p{Extended_Pictographic}\uFE0F/u.test(grapheme)
  )
}
