import { describe, expect, it } from 'vitest'
import { isEmojiOnly } from '@/text/emoji'

describe('a message of emoji only', () => {
  it('has one to three of them, joined, coloured and flagged ones included', () => {
    for (const text of ['🧩', ' 🎉🎉 ', '❤️', '👩‍👩‍👧‍👦', '👍🏽👍🏽👍🏽', '🇩🇪', '🏴󠁧󠁢󠁳󠁣󠁴󠁿']) {
      expect(isEmojiOnly(text), text).toBe(true)
    }
  })

  it('is not one with words, digits, signs, more than three, or nothing', () => {
    for (const text of ['', '  ', 'ok 🎉', '1', '#', '™', '🎉🎉🎉🎉', '🎉.', '🎉'.repeat(5_000)]) {
      expect(isEmojiOnly(text), text.slice(0, 20)).toBe(false)
    }
  })
})
