import { describe, expect, it } from 'vitest'
import { encodeContent } from '@/messenger/contents/codec'
import type { Content } from '@/messenger/contents/registry'
import { isBlank, MAX_TEXT, textProblem } from '@/text/sendable'

describe('a text', () => {
  it.each([
    '',
    '  \n\t',
    '\u2800',
    '\u3164',
    '\u200B',
    '\u2060',
    '\u200E\u200F',
    '\uFEFF',
    '\u00AD',
    '\u{E0041}',
    '\u115F\uFFA0',
    '\u{1D159}',
  ])('of nothing that can be seen is blank: %j', (text) => expect(textProblem(text)).toBe('blank'))

  it.each(['a', '\u200Ba', '.', '👨‍👩‍👧', '\u0600', '\u0301', 'の', '\u202Eabc', 'a\r\n\tb'])(
    'with something that can be seen is sent: %j',
    (text) => expect(textProblem(text)).toBeNull(),
  )

  it.each([
    '\u0001'.repeat(MAX_TEXT),
    'a\u0000',
    'a\u007F',
    'a\u0085',
    '\uD800'.repeat(MAX_TEXT),
    'a\uDC00b',
  ])('with control characters or lone surrogates is refused (%#)', (text) =>
    expect(textProblem(text)).toBe('control'),
  )

  it('is measured before anything else', () => {
    expect(textProblem('x'.repeat(MAX_TEXT + 1))).toBe('too_long')
    expect(isBlank('x'.repeat(MAX_TEXT))).toBe(false)
  })
})

it.each(['漢', '"', '\n', '\uFFFF', '😀'])(
  'the longest sendable text of %j fits into a body of the relay',
  (one) => {
    const text = one.repeat(MAX_TEXT / one.length - 1) + 'x'.repeat(one.length)
    expect(textProblem(text)).toBeNull()
    const uuid = crypto.randomUUID()
    const from = { user_id: uuid, device_id: 1, username: 'a'.repeat(32), identity: 'A'.repeat(53) }
    const copy = { user_id: uuid, username: 'a'.repeat(32), identity: 'A'.repeat(53) }
    const content: Content = {
      v: 1,
      id: uuid,
      from,
      to: uuid,
      n: 1e9,
      sent_at: 1e13,
      type: 'text',
      text,
      reply_to: uuid,
      for: copy,
    }
    expect(encodeContent(content).length).toBeLessThan(64 * 1024 - 500)
  },
)
