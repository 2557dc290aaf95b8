/** A message as it lies on this device; views get `shownMessage` of it. */
import type { Bytes } from '@/crypto/bytes'
import type { FileRecord } from './file-record'
import type {
  ConversationId,
  MessageKind,
  MessageStatus,
  SendProblem,
  UserId,
} from '@/messenger/contract'

/** Identifies a message: an id alone may be anybody's. */
export interface MessageRef {
  /** Null: oneself, on any device. */
  sender: UserId | null
  id: string
}

export interface MessageRecord extends MessageRef {
  conversation: ConversationId
  /** Of a notice the sender is null. */
  kind: MessageKind | 'notice'
  /** Its text in the list, in quotes and in the search. */
  text: string
  replyTo: ReplyRecord | null
  notice: NoticeRecord | null
  /** By the sender's clock where it agrees with the relay's, else when the relay took it; ms. */
  sentAt: number
  /** The time by the sender's clock, if it differs from `sentAt`; ms. */
  writtenAt?: number
  /** Ascending and unique in the conversation. */
  order: number
  /** Of an own message. */
  recipients: readonly RecipientRecord[]
  encryption: EncryptionRecord | null
  signedReceipts?: readonly SignedReceiptRecord[]
  unknown?: UnknownRecord
  files?: readonly FileRecord[]
  edited?: EditedRecord
  /** By person; of each the newest. */
  reactions?: readonly ReactionRecord[]
  expiry?: ExpiryRecord
  /** It could not be read, and was asked for again; its id is that of the envelope. */
  awaited?: { lost: boolean }
}

/** How far an own message has come to one of its recipients. */
export interface RecipientRecord {
  userId: UserId
  status: Exclude<MessageStatus, 'received'>
  problem: SendProblem | null
  acceptedAt: number | null
  deliveredAt: number | null
  readAt: number | null
}

/** A message that disappears. */
export interface ExpiryRecord {
  seconds: number
  /** When it goes, by the relay's clock, ms; null: the time has not begun. */
  at: number | null
}

/** Under which keys a message came, or left. */
export interface EncryptionRecord {
  origin: 'this_device' | 'own_device' | 'contact'
  device: number
  startedSession: boolean
  fingerprint: string
  /** The other side's key as text; absent from messages of older builds. */
  identity?: string
  verified: boolean
  /** In version 4 of the protocol, for each device; absent while it is not known, as of older builds. */
  postQuantum?: boolean
}

/** An event of the conversation. */
export type NoticeRecord =
  | { type: 'gap'; count: number }
  /** `count`: how often, until the person decided; absent from those of older builds. */
  | { type: 'identity_changed'; count?: number }
  | { type: 'device_refused' | 'downgrade_refused'; device: number }
  | { type: 'stale_prekey'; ageDays: number }
  | { type: 'timer'; seconds: number; mine: boolean }
  | { type: 'undecryptable' | 'session_renewed' | 'identity_accepted' | 'verified' }

/** The relay's signature that it took one envelope of a message; checked before it was kept. */
export interface SignedReceiptRecord {
  /** Names the relay's log. */
  log: string
  userId: UserId
  device: number
  seq: number
  /** Of the envelope. */
  id: string
  /** SHA-256 of the ciphertext, hex. */
  digest: string
  at: number
  /** base64 */
  receipt: string
}

export interface ReplyRecord extends MessageRef {
  /** False when the message replied to was not on this device. */
  known: boolean
  excerpt: string
  /** That message disappears, and its excerpt with it. */
  expires?: boolean
}

/** When something was said about a message, and by which of its author's devices. */
export interface SaidRecord {
  device: number
  /** Counts up per device and recipient. 0: said on the device itself; its history may come to another one. */
  n: number
  at: number
}

export interface EditedRecord {
  said: SaidRecord
  /** The earlier texts, oldest first. */
  before: readonly EarlierText[]
}

export interface EarlierText {
  text: string
  at: number
}

export interface ReactionRecord {
  /** Null: oneself. */
  by: UserId | null
  /** Null: taken back. */
  emoji: string | null
  said: SaidRecord
}

/** Of a type that the build which received it did not know. */
export interface UnknownRecord {
  /** The type's name on the wire. */
  named: string
  /** Nothing shows it. */
  silent: boolean
  /** The content as it came, UTF-8 JSON; null: an older build did not keep it. */
  bytes: Bytes | null
}

export const sameMessage = (a: MessageRef | null, b: MessageRef | null): boolean =>
  a !== null && b !== null && a.id === b.id && a.sender === b.sender

/** For maps and sets. */
export const refKey = ({ sender, id }: MessageRef): string => `${sender ?? 'me'}.${id}`

/** Null for what `refKey` did not make. */
export function parseRefKey(key: string): MessageRef | null {
  const at = key.indexOf('.')
  if (at < 0) return null
  const sender = key.slice(0, at)
  return { sender: sender === 'me' ? null : sender, id: key.slice(at + 1) }
}

export const isShown = (message: MessageRecord): boolean => message.unknown?.silent !== true

/** The message itself is here, not only its place. */
export const isHere = (message: MessageRecord): boolean => message.kind !== 'awaited'

export const isReceived = (message: MessageRecord): boolean =>
  message.sender !== null && isShown(message) && isHere(message)

export const newRecipient = (
  userId: UserId,
  over: Partial<RecipientRecord> = {},
): RecipientRecord => ({
  userId,
  status: 'waiting',
  problem: null,
  acceptedAt: null,
  deliveredAt: null,
  readAt: null,
  ...over,
})

export const blankMessage = {
  sender: null,
  text: '',
  replyTo: null,
  notice: null,
  recipients: [],
  encryption: null,
} as const
