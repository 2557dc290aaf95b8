/** History on its way between two devices of an account, as it lies in the table `records`. */
import type { Bytes } from '@/crypto/bytes'
import { bytes, flag, list, nullable, number, optional, shape, text } from '@/storage/decoders'
import type { ConversationId } from '@/messenger/contract'
import { conversationId } from './record-shapes'
import { stored } from '@/storage/stored'

/** A sealed file at the relay. */
export interface HistoryFile {
  id: string
  key: Bytes
  /** SHA-256 of the blob. */
  digest: Bytes
  /** Of the content without padding. */
  size: number
}

/** On the new device: what is still to come, in this order. */
export interface HistoryWanted {
  files: HistoryFile[]
  /** Bytes, of those that came too. */
  total: number
  /** When the devices were linked, ms. */
  at: number
  /** The old device has not named the rest yet: what came to it until it knew this device's keys. */
  restOwed?: boolean
}

/** On the old device: an upload that the relay does not have in full. */
export interface HistoryOwed {
  id: string
  blob: Bytes
  at: number
}

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

const file = shape<HistoryFile>({ id: text, key: bytes, digest: bytes, size: number })

export const historyWanted = stored(
  'records',
  shape<HistoryWanted>({ files: list(file), total: number, at: number, restOwed: optional(flag) }),
)

export const historyOwed = stored(
  'records',
  shape<HistoryOwed>({ id: text, blob: bytes, at: number }),
)

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
