import { expect, test } from 'vitest'
import { quoteOf } from '@/messenger/chats/reply-preview'
import { conversationWith } from '@/messenger/contract'
import { blankMessage } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'

test('a quote begins where there is something to see', () => {
  const message: MessageRecord = {
    ...blankMessage,
    id: 'id',
    conversation: conversationWith('anna'),
    kind: 'text',
    text: `${'\n'.repeat(200)}at last`,
    sentAt: 1,
    order: 1,
  }
  expect(quoteOf(message).excerpt).toBe('at last')
})
