import type { Core } from '@/messenger/core/core'
import { messageNamed } from '@/messenger/core/kept-messages'
import { isHere } from '@/messenger/core/message-record'
import type { MessageRecord, ReplyRecord } from '@/messenger/core/message-record'
import { shorten } from '@/text/graphemes'
import { firstVisible } from '@/text/sendable'
import type { ConversationId } from '@/messenger/contract'

const EXCERPT = 140

/** The quote of the message with this id, if it is in the conversation. */
export async function replyPreview(
  core: Core,
  conversation: ConversationId,
  id: string,
): Promise<ReplyRecord> {
  // A reply names any id its sender likes; only this conversation's messages are shown in it.
  const message = await messageNamed(core.store, conversation, id)
  if (!message || message.kind === 'notice' || !isHere(message))
    return { id, sender: null, known: false, excerpt: '' }
  return quoteOf(message)
}

/** Of files without words the first one's name. */
export const quoteOf = ({ id, sender, text, files, expiry }: MessageRecord): ReplyRecord => ({
  id,
  sender,
  known: true,
  excerpt: shorten(text.slice(firstVisible(text)) || (files?.[0]?.name ?? ''), EXCERPT),
  ...(expiry && { expires: true }),
})
