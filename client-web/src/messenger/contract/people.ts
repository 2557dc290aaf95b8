import type { ConversationId, UserId } from './ids'
import type { Message } from './messages'

/**
 * `unverified`: pinned at first contact or by code. `verified`: by QR or compared safety number.
 * `changed`: another key than the pinned one was seen; nothing is sent until it is accepted.
 */
export type Trust = 'unverified' | 'verified' | 'changed'

/** `request`: wrote to us and waits for an answer. `hidden`: declined or removed. */
export type Relation = 'contact' | 'request' | 'hidden'

export interface Contact {
  readonly userId: UserId
  /** What they call themselves. */
  readonly username: string
  /** The nickname, else the user name. */
  readonly name: string
  /** What the person calls them; nobody else is told. */
  readonly nickname: string | null
  /** `@username#FINGERPRINT` */
  readonly code: string
  readonly fingerprint: string
  /** Identity key as text; seeds the avatar. */
  readonly identity: string
  readonly trust: Trust
  /** The new identity key as text while `trust` is `changed`. */
  readonly changedIdentity: string | null
  readonly relation: Relation
  /** All of their devices are known to have post-quantum keys: what is sent withstands quantum computers. */
  readonly postQuantum: boolean
  /** Another person on this device has the same name, or the same key; null: nobody has. */
  readonly alike: 'name' | 'key' | null
  readonly blocked: boolean
  readonly online: boolean
  /** False: neither is shown to the other as online; it overrides the setting for all. */
  readonly presence: boolean
  readonly addedAt: number
  readonly verifiedAt: number | null
}

export interface Conversation {
  readonly id: ConversationId
  readonly username: string
  /** As the person calls them. */
  readonly name: string
  /** One's own notes. */
  readonly isNotes: boolean
  readonly last: Message | null
  /** When something last happened, ms; the list is ordered by it, newest first. */
  readonly activeAt: number
  readonly unread: number
  /** The person marked it, though all of it was seen. */
  readonly markedUnread: boolean
  readonly muted: boolean
  /** While muted, ms; null: for good. */
  readonly mutedUntil: number | null
  readonly pinned: boolean
  readonly archived: boolean
  readonly typing: boolean
  /** Seconds after which its messages disappear; 0: they stay. */
  readonly timer: number
  /** Unsent text, or the empty string. */
  readonly draft: string
  /** When what waits is tried again, where the relay named the time for this person alone; ms of `elapsed`. */
  readonly sendsAgainAt: number | null
}

/** Someone who is not a contact wrote; nothing goes back until accepted. */
export interface MessageRequest {
  readonly userId: UserId
  readonly username: string
  readonly code: string
  readonly identity: string
  readonly receivedAt: number
  readonly count: number
  /** The newest that they wrote. */
  readonly last: Message
}

export interface SafetyNumber {
  /** Sixty digits: twelve groups of five. Both people see the same. */
  readonly groups: readonly string[]
  /** For a QR picture; scanning it on the other side compares without reading digits. */
  readonly qr: string
  /** The other side's key that it was worked out from, as text. */
  readonly identity: string
}

export interface SecurityEvent {
  readonly id: string
  readonly at: number
  readonly type:
    | 'identity_changed'
    | 'identity_accepted'
    | 'identity_refused'
    | 'verified'
    | 'device_refused'
    | 'sender_refused'
    | 'replay_refused'
    | 'undecryptable'
    | 'session_renewed'
    | 'downgrade_refused'
    | 'stale_prekey'
    | 'identity_created'
    | 'identity_restored'
    | 'signed_prekey_rotated'
    | 'own_device_added'
    | 'own_device_removed'
    | 'login'
    | 'messages_expired'
    | 'records_damaged'
    | 'relay_log_changed'
    | 'receipt_refused'
    | 'answer_refused'
    | 'history_refused'
  readonly userId: UserId | null
  readonly username: string | null
  readonly device: number | null
  readonly fingerprint: string | null
  /** How many (`messages_expired`, `records_damaged`, `receipt_refused`, `identity_changed`). */
  readonly count: number | null
}
