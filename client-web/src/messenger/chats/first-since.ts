/** The way to a date in a conversation. */
import type { Store } from '@/storage/store'
import type { ConversationId } from '@/messenger/contract'
import { isShown } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { messages } from '@/messenger/core/stored-records'

const PAGE = 50

/**
 * The conversation's first message shown under the time `at` or a later one, notices aside; null: none. Places
 * follow this device's clock, times the relay's, so both sides of the place `at` are looked through.
 */
export async function firstSince(
  store: Store,
  conversation: ConversationId,
  at: number,
): Promise<MessageRecord | null> {
  const dated = (one: MessageRecord): boolean => one.kind !== 'notice' && isShown(one)
  let found: MessageRecord | null = null
  let after = at - 1
  for (;;) {
    const page = await store.pageAfter(messages, conversation, after, PAGE)
    found = page.find((one) => dated(one) && one.sentAt >= at) ?? null
    const last = page.at(-1)
    if (found || !last || page.length < PAGE) break
    after = last.order
  }
  // Placed by a clock that was behind.
  let before = at
  for (;;) {
    const page = await store.page(messages, conversation, before, PAGE)
    const messagesOnly = page.filter(dated)
    const early = messagesOnly.findLastIndex((one) => one.sentAt < at)
    found = messagesOnly[early + 1] ?? found
    const [first] = page
    if (!first || early >= 0) return found
    before = first.order
  }
}
