/** Messages on disk, found by what they are known by, or page by page. */
import type { Store } from '@/storage/store'
import type { ConversationId } from '@/messenger/contract'
import { isReceived, isShown, sameMessage } from './message-record'
import type { MessageRecord, MessageRef } from './message-record'
import { messages } from './stored-records'

export async function findMessage(store: Store, ref: MessageRef): Promise<MessageRecord | null> {
  const found = await store.messagesWithId(messages, ref.id, (one) => sameMessage(one, ref))
  return found[0] ?? null
}

/** The conversation's message that an id alone names: the older one where both sides use the id. */
export async function messageNamed(
  store: Store,
  conversation: ConversationId,
  id: string,
): Promise<MessageRecord | null> {
  const found = await messagesNamed(store, conversation, id)
  return found.toSorted((a, b) => a.order - b.order)[0] ?? null
}

/** All of the conversation that an id alone may name. */
export const messagesNamed = (
  store: Store,
  conversation: ConversationId,
  id: string,
): Promise<MessageRecord[]> =>
  store.messagesWithId(messages, id, (one) => one.conversation === conversation && isShown(one))

/** The `limit` messages before `before` that views show, ascending; fewer where there are no more. */
export async function shownPage(
  store: Store,
  conversation: ConversationId,
  before: number,
  limit: number,
): Promise<MessageRecord[]> {
  const found: MessageRecord[] = []
  let end = before
  for (;;) {
    const page = await store.page(messages, conversation, end, limit)
    found.unshift(...page.filter(isShown))
    const [first] = page
    if (!first || page.length < limit || found.length >= limit) return found.slice(-limit)
    end = first.order
  }
}

const RECEIVED_PAGE = 100

/** The conversation's received messages, newest first; read from disk as far as they are taken. */
export async function* receivedMessages(
  store: Store,
  conversation: ConversationId,
): AsyncGenerator<MessageRecord, void> {
  let before = Infinity
  for (;;) {
    const page = await store.page(messages, conversation, before, RECEIVED_PAGE)
    yield* page.filter(isReceived).toReversed()
    const [first] = page
    if (!first || page.length < RECEIVED_PAGE) return
    before = first.order
  }
}
