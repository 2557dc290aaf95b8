import { expect, test } from 'vitest'
import { messageTimes } from '@/messenger/chats/message-times'

const [HOUR, AT] = [3_600_000, 1_800_000_000_000]

test('a time that agrees with the relay is the writer’s own', () => {
  for (const written of [AT, AT - 1, AT - HOUR]) {
    expect(messageTimes(written, AT)).toEqual({ sentAt: written })
  }
})

test('another is shown as the relay’s, and kept', () => {
  for (const written of [AT + 1, AT - HOUR - 1, AT - 72 * HOUR, AT + 8_760 * HOUR]) {
    expect(messageTimes(written, AT)).toEqual({ sentAt: AT, writtenAt: written })
  }
})
