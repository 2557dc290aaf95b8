import type { SendProblem } from '@/messenger/contract'
import type { SignedReceiptRecord } from '@/messenger/core/message-record'
import type { OutboxRecord } from '@/messenger/core/records'

/** What an attempt to bring an outbox entry to the relay came to. */
export type SendOutcome =
  | { type: 'accepted'; at: number; receipts: readonly SignedReceiptRecord[] }
  /** Encrypted, or encrypted for other devices; attempt it again at once, or after `wait` ms. */
  | { type: 'prepared'; entry: OutboxRecord; wait?: number }
  | { type: 'later'; wait: number; problem: SendProblem | null; everyone?: boolean }
  | { type: 'hold'; problem: SendProblem | null }
  /** Too many attempts came to nothing: the person decides. */
  | { type: 'aside' }
  | { type: 'never'; problem: SendProblem }
  /** Deleted while it was being prepared: nothing was written back. */
  | { type: 'gone' }

export type Later = Extract<SendOutcome, { type: 'later' }>
