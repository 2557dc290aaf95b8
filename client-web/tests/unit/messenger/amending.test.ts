/** What becomes of a message when something is said about it. */
import { describe, expect, test } from 'vitest'
import { deleted, edited, reacted } from '@/messenger/chats/amending'
import { conversationWith, DELETABLE_FOR, EDITABLE_FOR } from '@/messenger/contract'
import { blankMessage } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'

const anna = '11111111-1111-4111-8111-111111111111'
const DAY = 24 * 3_600_000
const message: MessageRecord = {
  ...blankMessage,
  id: '33333333-3333-4333-8333-333333333333',
  sender: anna,
  conversation: conversationWith(anna),
  kind: 'text',
  text: 'first',
  sentAt: 1_000,
  order: 1,
}
const said = (n: number, at = 2_000 + n, device = 1) => ({ device, n, at })
const texts = (one: MessageRecord | null) => [
  one?.text,
  ...(one?.edited?.before ?? []).map(({ text }) => text),
]

describe('another text', () => {
  test('stands in place of the first, which can be seen', () => {
    expect(texts(edited(message, 'second', said(1)))).toEqual(['second', 'first'])
  })

  test('in whatever order they come, the newest by number wins, and each is in the history once', () => {
    const all = [1, 2, 3].map((n) => ({ text: `text ${n}`, said: said(n) }))
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]
    for (const order of orders) {
      let now = message
      for (const at of [...order, ...order]) {
        const one = all[at]
        if (one) now = edited(now, one.text, one.said) ?? now
      }
      expect(texts(now)).toEqual(['text 3', 'first', 'text 1', 'text 2'])
    }
  })

  test('of two devices the later counts', () => {
    const by1 = edited(message, 'by 1', said(9, 5_000, 1))
    expect(by1 && edited(by1, 'by 2, later', said(1, 6_000, 2))?.text).toBe('by 2, later')
    expect(by1 && edited(by1, 'by 2, earlier', said(1, 4_000, 2))?.text).toBe('by 1')
  })

  test('that the device itself said and brought along has no number: the later time counts', () => {
    const brought = edited(message, 'in the history', said(0, 5_000))
    expect(brought && edited(brought, 'later', said(1, 6_000))?.text).toBe('later')
    // The same once more, as a content.
    expect(brought && edited(brought, 'in the history', said(1, 5_000))).toBeNull()
    expect(brought && texts(edited(brought, 'earlier', said(1, 4_000)))).toEqual([
      'in the history',
      'first',
      'earlier',
    ])
  })

  test('comes too late after a day, and one more for the way', () => {
    const limit = message.sentAt + EDITABLE_FOR + DAY
    expect(edited(message, 'in time', said(1, limit))).not.toBeNull()
    expect(edited(message, 'too late', said(1, limit + 1))).toBeNull()
  })

  test('is given to texts only', () => {
    for (const kind of ['unknown', 'deleted', 'notice'] as const) {
      expect(edited({ ...message, kind }, 'x', said(1))).toBeNull()
    }
  })

  test('a hundred of them are bounded; the first stays', () => {
    let now = message
    for (let n = 1; n <= 100; n++) now = edited(now, `text ${n}`, said(n)) ?? now
    expect(now.edited?.before).toHaveLength(50)
    expect(now.edited?.before[0]?.text).toBe('first')
  })
})

describe('deletion for everyone', () => {
  const full: MessageRecord = {
    ...message,
    replyTo: { sender: null, id: message.id, known: true, excerpt: 'secret' },
    edited: { said: said(1), before: [{ text: 'secret', at: 1 }] },
    reactions: [{ by: null, emoji: '👍', said: said(1) }],
  }

  test('leaves a place and nothing of what it said', () => {
    const trace = deleted({ ...full, text: 'secret' }, said(2))
    expect(trace).toMatchObject({ kind: 'deleted', id: message.id, order: 1, sentAt: 1_000 })
    expect(JSON.stringify(trace)).not.toMatch(/secret|👍/)
    expect(trace && deleted(trace, said(3))).toBeNull()
    expect(trace && edited(trace, 'back', said(3))).toBeNull()
    expect(trace && reacted(trace, null, '👍', said(3))).toBeNull()
  })

  test('comes too late after two days, and one more for the way', () => {
    const limit = message.sentAt + DELETABLE_FOR + DAY
    expect(deleted(message, said(1, limit))).not.toBeNull()
    expect(deleted(message, said(1, limit + 1))).toBeNull()
  })
})

describe('reactions', () => {
  test('one per person; the newest by number wins, and null takes it back', () => {
    let now = message
    const react = (by: string | null, emoji: string | null, n: number) => {
      now = reacted(now, by, emoji, said(n)) ?? now
      return now.reactions?.map((one) => `${one.by === null ? 'me' : 'anna'} ${one.emoji}`)
    }
    expect(react(anna, '👍', 1)).toEqual(['anna 👍'])
    expect(react(null, '👍', 1)).toEqual(['anna 👍', 'me 👍'])
    expect(react(anna, null, 3)).toEqual(['me 👍', 'anna null'])
    // It came late.
    expect(react(anna, '😂', 2)).toEqual(['me 👍', 'anna null'])
    expect(react(anna, '🎉', 4)).toEqual(['me 👍', 'anna 🎉'])
  })
})
