import { refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { messages } from '@/messenger/core/stored-records'
import type { ConversationId } from '@/messenger/contract'
import type { Store } from '@/storage/store'

const PAGE = 200

/**
 * The messages that quote one of those that are `gone`, without what they quoted, page by page. They stand below the
 * first of these, at `oldest`.
 */
export async function* withoutQuotes(
  store: Store,
  conversation: ConversationId,
  gone: ReadonlySet<string>,
  oldest: number,
): AsyncGenerator<MessageRecord[], void> {
  let before = Infinity
  for (;;) {
    const page = await store.page(messages, conversation, before, PAGE)
    yield page.flatMap((one) => {
      const { replyTo } = one
      const quotes = replyTo && gone.has(refKey(replyTo)) && !gone.has(refKey(one))
      return quotes ? [{ ...one, replyTo: { ...replyTo, known: false, excerpt: '' } }] : []
    })
    before = page[0]?.order ?? -Infinity
    if (page.length < PAGE || before <= oldest) return
  }
}
