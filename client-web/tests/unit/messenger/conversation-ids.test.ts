/** What names a conversation: written as it always was, and never taken for a person. */
import { expect, expectTypeOf, test } from 'vitest'
import { addressOf, conversationAt } from '@/composables/addresses'
import { conversationWith, personIn, readConversationId } from '@/messenger/contract'
import type { ConversationId, UserId } from '@/messenger/contract'
import { conversations, drafts } from '@/messenger/core/stored-records'
import { decodeStored } from '@/storage/stored'

const anna = '22222222-2222-4222-8222-222222222222'

test('the conversation with a person is written as the person is, also that with oneself', () => {
  expect(conversationWith(anna)).toBe(anna)
  expect(personIn(conversationWith(anna))).toBe(anna)
})

test('a conversation of another kind is with no one person, and is read and addressed like any other', () => {
  const group = readConversationId(`group:${anna}`)
  expect(personIn(group)).toBeNull()
  expect(conversationAt(addressOf(group))).toBe(group)
  const record = {
    id: group,
    last: null,
    activeAt: 1,
    unread: 0,
    muted: false,
    archived: false,
    lastOrder: 0,
  }
  expect(decodeStored(conversations, record, 2)).toEqual(record)
})

test('nothing names no conversation', () => {
  expect(() => readConversationId('')).toThrow(TypeError)
  expect(() => decodeStored(drafts, { id: '', text: 'x' })).toThrow(TypeError)
  expect(conversationAt({ params: {} })).toBeNull()
})

test('the compiler takes neither for the other', () => {
  expectTypeOf<ConversationId>().not.toExtend<UserId>()
  expectTypeOf<UserId>().not.toExtend<ConversationId>()
  expectTypeOf<string>().not.toExtend<ConversationId>()
})
