/** Marks that the person puts to messages for themselves. They lie beside the messages: one may come before its message. */
import type { ConversationId } from '@/messenger/contract'
import { flag, number, nullable, optional, shape, text } from '@/storage/decoders'
import { stored } from '@/storage/stored'
import type { MessageRef } from './message-record'
import { conversationId } from './record-shapes'

/** The later of two, by time and then by device, counts. */
export interface MarkState {
  on: boolean
  at: number
  device: number
}

export interface MarkRecord extends MessageRef {
  conversation: ConversationId
  starred?: MarkState
  pinned?: MarkState
}

export type Mark = 'starred' | 'pinned'

const state = shape<MarkState>({ on: flag, at: number, device: number })

export const markV1 = shape<MarkRecord>({
  sender: nullable(text),
  id: text,
  conversation: conversationId,
  starred: optional(state),
  pinned: optional(state),
})

export const markRecords = stored('records', markV1)

/** Before `refKey` of the message. */
export const MARKED = 'marked/'
