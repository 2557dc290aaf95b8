/** A long history is cut into few files: the relay takes sixty an hour, and the person's own are among them. */
import { expect, test } from 'vitest'
import { historyParts } from '@/messenger/linking/history-parts'
import { readContent } from '@/messenger/backup/backup-content'
import { conversationWith, defaultSettings } from '@/messenger/contract'
import { blankMessage } from '@/messenger/core/message-record'
import { emptyConversation } from '@/messenger/core/records'
import { conversations, messages } from '@/messenger/core/stored-records'
import { Changes } from '@/storage/changes'
import { openStore } from '../../support/storage'

const MIB = 1024 * 1024
const bob = '22222222-2222-4222-8222-222222222222'

test('sixty mebibytes are four files, the newest messages in the first', async () => {
  const { store } = await openStore()
  const conversation = conversationWith(bob)
  const text = 'x'.repeat(16_000)
  const count = Math.ceil((60 * MIB) / (3 * text.length + 700))
  const changes = new Changes().write(
    conversations,
    conversation,
    emptyConversation(conversation, 1),
  )
  for (let order = 1; order <= count; order++) {
    const id = `33333333-3333-4333-8333-${String(order).padStart(12, '0')}`
    const one = { ...blankMessage, id, conversation, kind: 'text' as const, text }
    changes.writeMessage(messages, { ...one, sentAt: order, order })
  }
  await store.commit(changes)
  const account = { userId: bob, username: 'bob' }
  const fixed = { createdAt: 1, account, settings: defaultSettings }
  const places: number[][] = []
  for await (const part of historyParts(store, fixed)) {
    places.push(readContent(part).messages.map(({ order }) => order))
  }
  expect(places).toHaveLength(4)
  expect(places.flat().toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: count }, (_, i) => i + 1),
  )
  expect(Math.max(...(places[0] ?? []))).toBe(count)
})
