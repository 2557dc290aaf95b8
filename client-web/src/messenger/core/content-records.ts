/**
 * What is kept of contents beside the messages they belong to: what was sent, what could not be read, and what was said
 * about messages that are not here yet. Their types, and how they are read.
 */
import type { Body } from '@/messenger/contents/registry'
import type { ConversationId, UserId } from '@/messenger/contract'
import { flag, list, literal, named, nullable, number, optional } from '@/storage/decoders'
import { shape, text } from '@/storage/decoders'
import { stored } from '@/storage/stored'
import { body, conversationId } from './record-shapes'
import { said } from './message-part-shapes'
import type { SaidRecord } from './message-record'

/** What this device sent, for as long as its recipients may ask for it again. */
export interface SentRecord {
  /** Of the envelope. */
  id: string
  to: UserId
  /** The key that it was encrypted for, as text. */
  identity: string
  devices: number[]
  contentId: string
  /** Null: that of a message, which is made again from the history. */
  body: Body | null
  sentAt: number
  n: number
  m?: number
  /** When the relay took it, ms. */
  at: number
  /** By device: how many times it was sent again. */
  again: Readonly<Record<string, number>>
}

/** An envelope that could not be read. */
export interface AwaitedRecord {
  /** Of the envelope. */
  id: string
  userId: UserId
  device: number
  reason: string
  /** Its place in the conversation; null: of no conversation that is known. */
  place: { conversation: ConversationId; order: number } | null
  /** A bubble stands in the place. */
  shown: boolean
  /** When the relay took it, ms. */
  at: number
  /** How many times it was asked for. */
  asked: number
  askedAt: number
  /** It was taken for the missing message that a later counter told of. */
  counted?: boolean
}

/** Said about a message that is not here yet. */
export interface PendingRecord {
  /** Who wrote the message, and its id. Null: oneself. */
  author: UserId | null
  id: string
  conversation: ConversationId
  /** Who says it. Null: oneself, on any device. */
  by: UserId | null
  what: 'edit' | 'delete' | 'reaction' | 'status'
  /** The new text, the emoji, or how far it came; null: a reaction is taken back, or the message is deleted. */
  value: string | null
  said: SaidRecord
}

export const sentContents = stored(
  'sent',
  shape<SentRecord>({
    id: text,
    to: text,
    identity: text,
    devices: list(number),
    contentId: text,
    body: nullable(body),
    sentAt: number,
    n: number,
    m: optional(number),
    at: number,
    again: named(number),
  }),
)

export const awaitedEnvelopes = stored(
  'records',
  shape<AwaitedRecord>({
    id: text,
    userId: text,
    device: number,
    reason: text,
    place: nullable(
      shape<NonNullable<AwaitedRecord['place']>>({ conversation: conversationId, order: number }),
    ),
    shown: flag,
    at: number,
    asked: number,
    askedAt: number,
    counted: optional(flag),
  }),
)

export const pendingChanges = stored(
  'records',
  shape<PendingRecord>({
    author: nullable(text),
    id: text,
    conversation: conversationId,
    by: nullable(text),
    what: literal('edit', 'delete', 'reaction', 'status'),
    value: nullable(text),
    said,
  }),
)
