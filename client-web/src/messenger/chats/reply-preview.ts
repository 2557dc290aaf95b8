import { messages } from '@/messenger/core/stored-records'
import { shorten } from '@/text/graphemes'
import type { Core } from '@/messenger/core/core'
import type { ReplyPreview } from '@/messenger/contract'

const EXCERPT = 140

/** What a reply shows of the message it answers, if that is on this device. */
export async function replyPreview(
  core: Core,
  conversation: string,
  id: string,
): Promise<ReplyPreview> {
  const message = await core.store.message(messages, id)
  // A reply names any id its sender likes; only this conversation's messages are shown in it.
  if (!message || message.conversation !== conversation || message.kind !== 'text') {
    return { id, known: false, outgoing: false, excerpt: '' }
  }
  const excerpt = shorten(message.text, EXCERPT)
  return { id, known: true, outgoing: message.direction === 'out', excerpt }
}
