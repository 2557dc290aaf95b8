/** What is kept of messages that disappear, beside themselves. The types, and how they are read. */
import type { ConversationId, UserId } from '@/messenger/contract'
import { nullable, number, shape, text } from '@/storage/decoders'
import { stored } from '@/storage/stored'
import type { MessageRef } from './message-record'
import { conversationId } from './record-shapes'

/** For how long the messages of a conversation stay. */
export interface TimerRecord {
  conversation: ConversationId
  /** The latest change, as all devices of both know it; null: none. */
  settled: TimerChange | null
  /** One of this device that the relay has not taken yet. It is in force here. */
  waiting: { contentId: string; seconds: number } | null
}

export interface TimerChange {
  /** 0: for good. */
  seconds: number
  /** By the relay's clock, ms. */
  at: number
  by: UserId
  device: number
}

/** The latest change of a conversation, for backups and new devices. */
export interface SettledTimer extends TimerChange {
  conversation: ConversationId
}

/** When a message goes. Of a message that is gone already it means nothing. */
export interface DeadlineRecord extends MessageRef {
  conversation: ConversationId
  order: number
  /** For how long it stays, from its beginning. */
  seconds: number
  /** By the relay's clock, ms; null: received and not read yet. */
  at: number | null
}

/** By time, then by person and device: both sides decide alike. */
export function isLaterTimer(change: TimerChange, known: TimerChange | null): boolean {
  if (!known || change.at !== known.at) return !known || change.at > known.at
  if (change.by !== known.by) return change.by > known.by
  return change.device > known.device
}

const change = { seconds: number, at: number, by: text, device: number }

export const settledTimer = shape<SettledTimer>({ conversation: conversationId, ...change })

/** Before the conversation, in keys. */
export const TIMERS = 'timer/'

export const timers = stored(
  'records',
  shape<TimerRecord>({
    conversation: conversationId,
    settled: nullable(shape<TimerChange>(change)),
    waiting: nullable(
      shape<NonNullable<TimerRecord['waiting']>>({ contentId: text, seconds: number }),
    ),
  }),
)

export const deadlines = stored(
  'deadlines',
  shape<DeadlineRecord>({
    sender: nullable(text),
    id: text,
    conversation: conversationId,
    order: number,
    seconds: number,
    at: nullable(number),
  }),
)
