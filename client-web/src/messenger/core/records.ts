/** What this device keeps, as it lies (sealed) in the store. New fields have defaults. */
import type { LocalIdentity, Prekey, PublicKey, SignedPrekey } from '@/crypto/protocol/protocol'
import type {
  SealedIdentity,
  SealedKemPrekey,
  SealedPrekey,
  SealedSignedPrekey,
} from '@/crypto/engine/engine'
import type { IncomingEnvelope, OutgoingEnvelope } from '@/wire/types'
import type { ConversationId, UserId } from '@/messenger/contract'
import type { Body } from '@/messenger/contents/registry'
import type { MessageRecord } from './message-record'

export interface AccountRecord {
  userId: UserId
  username: string
  deviceId: number
  sessionId: string
  /** Null until the identity is created or restored. */
  identity: SealedIdentity | null
  /** The keys are at the relay: this device is active. */
  published: boolean
  /** This device joined an account that was in use: first counters it sees may be high. */
  joined: boolean
  nextPrekeyId: number
  signedPrekey: { id: number; createdAt: number } | null
  prekeysAvailable: number | null
  lastBackupAt: number | null
  /** Missing until the first start of a build that has KEM prekeys. */
  kem?: KemRecord
}

/** This device's KEM prekeys. */
export interface KemRecord {
  nextId: number
  /** Id of the present last resort. */
  lastResort: number
  /** The relay has that one. */
  published: boolean
  /** One-time ones at the relay; null: it has not said. */
  available: number | null
  /** The last signed prekey that was given away without a KEM prekey; missing: none was. */
  signedBefore?: number
}

export interface DeviceRef {
  deviceId: number
  registrationId: number
}

export interface ContactRecord {
  userId: UserId
  username: string
  /** The pinned key; only the person's own act replaces it. */
  identity: PublicKey
  verified: boolean
  /** Another key was seen; nothing is sent until it is accepted. */
  changed: SeenKey | null
  relation: 'contact' | 'request' | 'hidden'
  blocked: boolean
  addedAt: number
  verifiedAt: number | null
  /** Null: not asked yet. */
  devices: DeviceRef[] | null
  /** Those seen with KEM prekeys, under the pinned key. */
  kemDevices?: readonly number[]
  /** The person chose that neither sees the other online. */
  presenceOff?: boolean
  /** What the person calls them; missing: nothing else than they call themselves. */
  nickname?: string | undefined
  /** Of older versions; they are moved to the table `held`. */
  held?: IncomingEnvelope[]
}

/** Another key than the pinned one; the person has not decided yet. */
export interface SeenKey {
  identity: PublicKey
  at: number
  /** How many times another key was seen since. */
  times?: number
  /** Message and security event that tell of it; they are updated, not repeated. */
  notice?: string
  event?: string
}

/** A prekey message under a key that is not the pinned one. */
export interface HeldRecord {
  userId: UserId
  /** In the order of arrival. */
  n: number
  /** The key that it presents, as text. */
  identity: string
  envelope: IncomingEnvelope
}

export interface ConversationRecord {
  id: ConversationId
  last: MessageRecord | null
  activeAt: number
  unread: number
  muted: boolean
  archived: boolean
  lastOrder: number
  /** While `muted`; null: for good. */
  mutedUntil?: number | null
  pinned?: boolean
  /** The person put it back among what they have to look at. */
  markedUnread?: boolean
}

/** A draft. */
export interface DraftRecord {
  id: ConversationId
  text: string
}

export interface OutboxRecord {
  key: number
  /** Of the call to the relay; the same at each attempt. */
  id: string
  to: UserId
  contentId: string
  body: Body
  sentAt: number
  /** The message whose status follows this entry. */
  message: { conversation: ConversationId; order: number } | null
  /** Encrypted once, then only ever repeated. */
  envelopes: OutgoingEnvelope[] | null
  /** The counter the ciphertexts carry; set together with `envelopes`. */
  n: number | null
  /** How many texts to them there were with this one; set together with `envelopes`. */
  m?: number
  /** It could not be sent; it waits for the person, and holds nothing up. */
  aside?: boolean
  /** Digests of files that are not at the relay yet: it waits for them, and holds nothing up. */
  uploads?: readonly string[]
  /** Whether the call asks the relay for receipts; set together with `envelopes`. */
  receipt?: boolean
  /** The id of an envelope that is sent again: `n` and `m` are those it had. */
  again?: string
}

/** A sealed file on this device; its key lies with its message. */
export interface KeptFileRecord {
  /** SHA-256 of the sealed bytes, base64. */
  digest: string
  /** In the browser's file system; random. */
  name: string
  conversation: ConversationId
  /** Bytes here; null while they are not all. */
  bytes: number | null
  /** An upload that was begun, by its id at the relay. */
  begun?: string
}

/** Of a sending device: which counters have come. */
export interface CounterRecord {
  highest: number
  /** How many texts had been written up to `highest`, as the sender says. */
  texts?: number
  /** Below `highest`, not come yet: single numbers (of older versions), or from and to. */
  missing: (number | readonly [number, number])[]
  /** Up to this number nobody knows any more what is missing. */
  forgotten?: number
  failures: number[]
  renewedAt: number
}

/** A device that joined the account. */
export interface NewDeviceRecord {
  deviceId: number
  name: string | null
  at: number
}

/** One's own account beside this device. New fields have defaults. */
export interface OwnDevicesRecord {
  /** Numbers of devices that were ever there; null before the first look. */
  seen: readonly number[] | null
  gone: readonly number[]
  /** The person has not said yet that they are theirs. */
  asked: readonly NewDeviceRecord[]
  /** Ids of log-in sessions that are in the security log, or were there before this device. */
  logins: readonly string[] | null
  names: Readonly<Record<number, string>>
}

export interface ReceiptsRecord {
  userId: UserId
  delivered: string[]
  read: string[]
  /** Read, which only one's own other devices are told. */
  seen?: string[]
}

/** What own devices agree on about someone: when each kind of change was made last, and by which device. */
export interface SyncedRecord {
  userId: UserId
  latest: Readonly<Record<string, readonly [at: number, device: number]>>
}

export interface StoredPrekey extends SealedPrekey {
  /** False until the relay has said that it has it. */
  uploaded?: boolean
  /** When the relay was first seen not to have it any more; erased some time after. */
  retiredAt?: number | null
}

export interface StoredSignedPrekey extends SealedSignedPrekey {
  createdAt: number
  /** When a newer one replaced it; erased some time after. */
  retiredAt: number | null
}

export interface StoredKemPrekey extends SealedKemPrekey {
  /** Handed out again and again when no one-time one is left; it changes with the signed prekey. */
  lastResort: boolean
  uploaded: boolean
  /** When a newer last resort replaced it, or the relay was first seen not to have it; erased some time after. */
  retiredAt: number | null
}

/** A session was begun with a last resort; it cannot be begun again, for as long as the key is kept. */
export interface UsedBaseKeyRecord {
  kemPrekeyId: number
}

// As builds wrote them that did not seal secrets.

export interface RawAccountRecord extends Omit<AccountRecord, 'identity'> {
  identity: LocalIdentity | null
}

export type RawPrekeyRecord = Prekey & Omit<StoredPrekey, keyof SealedPrekey>
export type RawSignedPrekeyRecord = SignedPrekey &
  Omit<StoredSignedPrekey, keyof SealedSignedPrekey>

/** A line of the security log. */
export interface SecurityEventRecord {
  id: string
  at: number
  /** Builds add to them; views get those that theirs knows (`shownSecurityEvent`). */
  type: string
  userId: UserId | null
  username: string | null
  device: number | null
  fingerprint: string | null
  count: number | null
}

/** Messages that outlived the relay's limit, until the person has taken note. */
export interface ExpiredRecord {
  count: number
  at: number
}

/** Those that the person never touched may be missing. */
export interface SettingsRecord {
  readReceipts?: boolean
  typingIndicators?: boolean
  presence?: boolean
  enterSends?: boolean
  theme?: 'system' | 'light' | 'dark'
  language?: string
  autoLockMinutes?: number
  listWidth?: number
  notifications?: boolean
  notificationNames?: boolean
  signedReceipts?: boolean
}

export const emptyCounter = (): CounterRecord => ({
  highest: 0,
  missing: [],
  failures: [],
  renewedAt: 0,
})

export const emptyConversation = (id: ConversationId, now: number): ConversationRecord => ({
  id,
  last: null,
  activeAt: now,
  unread: 0,
  muted: false,
  archived: false,
  lastOrder: 0,
})
