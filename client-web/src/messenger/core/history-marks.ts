/** What is kept while history is on its way between two devices of an account, in the table `records`. */
import type { ConversationId } from '@/messenger/contract'
import { list, nullable, number, shape, text } from '@/storage/decoders'
import { stored } from '@/storage/stored'
import { conversationId } from './record-shapes'

/** On the old device: a device that it lets in. */
export interface LinkedDeviceRecord {
  /** When it began, ms. */
  at: number
  /** What happened from here on may be missing in the history that the device was given, ms. */
  since: number
  /** Numbers of the account's other devices before it. */
  known: number[]
  /** Its number; null until the relay lists its keys. */
  device: number | null
}

/** Up to a message, in its place once that is known; where nobody knows the message, up to a time. */
export interface RemovedUpto {
  id: string | null
  order: number | null
  at: number
}

/** On the new device: what was removed of a conversation while history is on its way. */
export interface RemovedHistoryRecord {
  conversation: ConversationId
  /** As `refKey` writes them, or `*` and the id: whoever wrote it. */
  messages: string[]
  upto: RemovedUpto[]
}

export const linkedDevice = stored(
  'records',
  shape<LinkedDeviceRecord>({
    at: number,
    since: number,
    known: list(number),
    device: nullable(number),
  }),
)

export const removedHistory = stored(
  'records',
  shape<RemovedHistoryRecord>({
    conversation: conversationId,
    messages: list(text),
    upto: list(shape<RemovedUpto>({ id: nullable(text), order: nullable(number), at: number })),
  }),
)
