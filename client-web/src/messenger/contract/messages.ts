import type { MessageFile } from './files'
import type { ConversationId, UserId } from './ids'

/** Names a message by its sender and its id; views read nothing out of it. */
export type MessageId = string

/** How a message is shown. Each kind has its bubble (components/contents/registry.ts). */
export type MessageKind = 'text' | 'unknown' | 'awaited' | 'deleted'

/**
 * How far a message has come. Outgoing: `waiting` on this device, `accepted` on the relay's disk,
 * `delivered` to a device of the recipient, `read` by them. Incoming messages are `received`.
 */
export type MessageStatus = 'waiting' | 'accepted' | 'delivered' | 'read' | 'received'

/** Why a waiting message does not leave; each is cured by the person or by time. */
export type SendProblem =
  /** The recipient's key changed: nothing leaves until the person accepts it. */
  | 'identity_changed'
  /** The recipient's account is gone. */
  | 'recipient_gone'
  /** Too much waits for the recipient; sent again later. */
  | 'mailbox_full'
  /** The recipient has no device that can receive; sent again later. */
  | 'no_devices'
  /** This account may not send more for now. */
  | 'rate_limited'
  /** It could not be sent after several attempts: `sendAgain`, or delete it. */
  | 'set_aside'
  /** A file is larger than the relay takes. */
  | 'file_too_large'
  /** One's own files that wait at the relay have no more room: `sendAgain` later. */
  | 'files_full'
  /** A file is not on this device any more. */
  | 'file_lost'
  /** The relay does not take it and never will; it can be copied and deleted. */
  | 'refused'

/** An event of the conversation, shown between its messages. */
export type Notice =
  | { type: 'gap'; count: number }
  | { type: 'undecryptable' }
  | { type: 'session_renewed' }
  /** `count`: how often, until the person decided; absent from older ones. */
  | { type: 'identity_changed'; count?: number }
  | { type: 'identity_accepted' }
  | { type: 'verified' }
  | { type: 'device_refused' | 'downgrade_refused'; device: number }
  | { type: 'stale_prekey'; ageDays: number }
  /** Somebody changed for how long messages stay; 0: for good. `mine`: oneself, on any device. */
  | { type: 'timer'; seconds: number; mine: boolean }

export interface ReplyPreview {
  readonly id: MessageId
  /** False when the message replied to is not on this device. */
  readonly known: boolean
  readonly outgoing: boolean
  readonly excerpt: string
}

export interface Message {
  readonly id: MessageId
  readonly conversation: ConversationId
  readonly direction: 'in' | 'out'
  readonly status: MessageStatus
  /**
   * `deleted`: its author deleted it for everyone; only this trace is left. `unknown`: a type this version does not know. `awaited`: it could not be read and was asked for again.
   * `notice`: see `notice`; has no sender.
   */
  readonly kind: MessageKind | 'notice'
  /** Plain text only, never markup. Of an unknown type: what its sender gave to be shown instead, or empty. */
  readonly text: string
  readonly replyTo: ReplyPreview | null
  /** In the order in which they were chosen. */
  readonly files?: readonly MessageFile[]
  readonly notice: Notice | null
  /** Of an `awaited` one: its sender does not have it any more. */
  readonly lost?: boolean
  /** Absent: never edited. */
  readonly edited?: EditHistory
  /** One per person; absent: none. */
  readonly reactions?: readonly Reaction[]
  /** Absent: it stays. */
  readonly expiry?: Expiry
  readonly problem: SendProblem | null
  /** By the sender's clock where it agrees with the relay's, else when the relay took it; ms. */
  readonly sentAt: number
  /** The time by the sender's clock, if it differs from `sentAt`; ms. */
  readonly writtenAt?: number
  /** Where it stands in the conversation on this device: ascending, unique. */
  readonly order: number
  /** When all recipients got there; null while one has not. */
  readonly acceptedAt: number | null
  readonly deliveredAt: number | null
  readonly readAt: number | null
  /** Of an outgoing message. `status` is the least of theirs. */
  readonly recipients: readonly RecipientStatus[]
  readonly encryption: EncryptionDetails | null
  /** One per device that the relay took it for; only of messages sent while they were wanted. */
  readonly signedReceipts?: readonly SignedReceipt[]
}

/** A message that disappears. */
export interface Expiry {
  /** From when it was sent, by its sender; from when it was read, by its recipient. */
  readonly seconds: number
  /** When it goes, by the relay's clock, ms; null: the time has not begun. */
  readonly at: number | null
}

/** The shortest and the longest time after which a person may let messages disappear, seconds. */
export const SHORTEST_TIMER = 5
export const LONGEST_TIMER = 30 * 86_400

/** The earlier texts of a message, oldest first. */
export interface EditHistory {
  /** When it got the present text, ms. */
  readonly at: number
  readonly before: readonly { readonly text: string; readonly at: number }[]
}

export interface Reaction {
  /** By oneself. */
  readonly mine: boolean
  readonly emoji: string
}

/** A text may be edited by its author for this long, ms. */
export const EDITABLE_FOR = 24 * 3_600_000
/** A message may be deleted for everyone by its author for this long, ms. */
export const DELETABLE_FOR = 48 * 3_600_000

/** How far a message has come to one recipient. */
export interface RecipientStatus {
  readonly userId: UserId
  readonly status: Exclude<MessageStatus, 'received'>
  readonly acceptedAt: number | null
  readonly deliveredAt: number | null
  readonly readAt: number | null
}

/** The relay's signature that it took one envelope of a message; checked before it was kept. */
export interface SignedReceipt {
  /** Names the relay's log. */
  readonly log: string
  readonly userId: UserId
  readonly device: number
  /** In the recipient device's mailbox. */
  readonly seq: number
  /** Of the envelope. */
  readonly id: string
  /** SHA-256 of the ciphertext, hex. */
  readonly digest: string
  /** The relay's clock, ms. */
  readonly at: number
  /** base64 */
  readonly receipt: string
}

/** The details behind a message's encryption status. */
export interface EncryptionDetails {
  /** `own_device`: a copy from another device of this account. */
  readonly origin: 'this_device' | 'own_device' | 'contact'
  readonly device: number
  /** First message of a session: carries the key agreement. */
  readonly startedSession: boolean
  readonly fingerprint: string
  /** The other side's identity key as text; absent from messages of older versions. */
  readonly identity?: string
  readonly verified: boolean
  /** Whether it also withstands quantum computers; absent while it is not known. */
  readonly postQuantum?: boolean
}

export interface SearchHit {
  readonly message: Message
  /** Whom the conversation is with, as the person calls them. */
  readonly name: string
  /** [start, end) of the match in `message.text`, UTF-16 units. */
  readonly ranges: readonly (readonly [number, number])[]
}
