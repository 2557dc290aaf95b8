/**
 * Decoders of each kind of record on this device; their types are in `records.ts`. Those that hold
 * secrets are in `key-records.ts`.
 */
import { either, flag, list, literal, named, nullable, number, optional } from '@/storage/decoders'
import { bytes, shape, since, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import { stored } from '@/storage/stored'
import type { OutgoingEnvelope, ReceiptKey, SessionTokens } from '@/wire/types'
import { messageV1, messageV2 } from './message-shapes'
import type { MessageRecord } from './message-record'
import { body, conversationId, device, envelope, kind } from './record-shapes'
import type {
  ContactRecord,
  ConversationRecord,
  CounterRecord,
  DraftRecord,
  ExpiredRecord,
  HeldRecord,
  KeptFileRecord,
  NewDeviceRecord,
  OutboxRecord,
  OwnDevicesRecord,
  ReceiptsRecord,
  SecurityEventRecord,
  SeenKey,
  SettingsRecord,
  SyncedRecord,
} from './records'

export const messages = stored('messages', messageV1, messageV2)

const conversation = (message: Decoder<MessageRecord>): Decoder<ConversationRecord> =>
  shape<ConversationRecord>({
    id: conversationId,
    last: nullable(message),
    activeAt: number,
    unread: number,
    muted: flag,
    archived: flag,
    lastOrder: number,
    mutedUntil: optional(nullable(number)),
    pinned: optional(flag),
    markedUnread: optional(flag),
  })

export const conversations = stored(
  'conversations',
  conversation(messageV1),
  conversation(messageV2),
)

export const drafts = stored('drafts', shape<DraftRecord>({ id: conversationId, text }))

export const contacts = stored(
  'contacts',
  shape<ContactRecord>({
    userId: text,
    username: text,
    identity: bytes,
    verified: flag,
    changed: nullable(
      shape<SeenKey>({
        identity: bytes,
        at: number,
        times: optional(number),
        notice: optional(text),
        event: optional(text),
      }),
    ),
    relation: literal('contact', 'request', 'hidden'),
    blocked: flag,
    addedAt: number,
    verifiedAt: nullable(number),
    devices: nullable(list(device)),
    kemDevices: optional(list(number)),
    presenceOff: optional(flag),
    nickname: optional(text),
    held: optional(list(envelope)),
  }),
)

export const heldEnvelopes = stored(
  'held',
  shape<HeldRecord>({ userId: text, n: number, identity: text, envelope }),
)

export const outboxEntries = stored(
  'outbox',
  shape<OutboxRecord>({
    key: number,
    id: text,
    to: text,
    contentId: text,
    body,
    sentAt: number,
    message: nullable(
      shape<NonNullable<OutboxRecord['message']>>({ conversation: conversationId, order: number }),
    ),
    envelopes: nullable(
      list(
        shape<OutgoingEnvelope>({ device_id: number, registration_id: number, kind, body: bytes }),
      ),
    ),
    n: nullable(number),
    m: optional(number),
    aside: optional(flag),
    uploads: optional(list(text)),
    receipt: optional(flag),
    again: optional(text),
  }),
)

export const keptFiles = stored(
  'files',
  shape<KeptFileRecord>({
    digest: text,
    name: text,
    conversation: conversationId,
    bytes: nullable(number),
    begun: optional(text),
  }),
)

export const securityEvents = stored(
  'security',
  shape<SecurityEventRecord>({
    id: text,
    at: number,
    type: text,
    userId: nullable(text),
    username: nullable(text),
    device: nullable(number),
    fingerprint: nullable(text),
    count: since(null, nullable(number)),
  }),
)

// Of the table `counters`.

const pair: Decoder<readonly [number, number]> = (value) => {
  const [first, second] = list(number)(value)
  if (first === undefined || second === undefined) throw new TypeError('not two numbers')
  return [first, second]
}

export const messageCounters = stored(
  'counters',
  shape<CounterRecord>({
    highest: number,
    texts: optional(number),
    missing: list(either(number, pair)),
    forgotten: optional(number),
    failures: list(number),
    renewedAt: number,
  }),
)

export const counts = stored('counters', number)
export const countLists = stored('counters', list(number))
export const nameLists = stored('counters', list(text))

/** Faults of one device of a person that were reported already. */
export interface ReportedFaults {
  refused: boolean
  /** Ids of signed prekeys. */
  stale: number[]
  /** It came without KEM prekey, though its identity had some, or began a session of version 3. */
  downgraded?: boolean
}

export const reportedFaults = stored(
  'counters',
  shape<ReportedFaults>({ refused: flag, stale: list(number), downgraded: optional(flag) }),
)

// Of the table `records`, one of a kind.

export const tokens = stored(
  'records',
  shape<SessionTokens>({
    user_id: text,
    device_id: number,
    session_id: text,
    access_token: text,
    access_expires_at: number,
    refresh_token: text,
    refresh_expires_at: number,
  }),
)

export const settings = stored(
  'records',
  shape<SettingsRecord>({
    readReceipts: optional(flag),
    typingIndicators: optional(flag),
    presence: optional(flag),
    enterSends: optional(flag),
    theme: optional(literal('system', 'light', 'dark')),
    language: optional(text),
    autoLockMinutes: optional(number),
    listWidth: optional(number),
    notifications: optional(flag),
    notificationNames: optional(flag),
    signedReceipts: optional(flag),
  }),
)

const newDevice = shape<NewDeviceRecord>({ deviceId: number, name: nullable(text), at: number })

export const ownDevicesSeen = stored(
  'records',
  shape<OwnDevicesRecord>({
    seen: since(null, nullable(list(number))),
    gone: since([], list(number)),
    asked: since([], list(newDevice)),
    logins: since(null, nullable(list(text))),
    names: since({}, named(text)),
  }),
)

export const deviceLists = stored('records', list(device))
export const receiptsOwed = stored(
  'records',
  shape<ReceiptsRecord>({
    userId: text,
    delivered: list(text),
    read: list(text),
    seen: optional(list(text)),
  }),
)

export const synced = stored('records', shape<SyncedRecord>({ userId: text, latest: named(pair) }))
export const receiptKeys = stored(
  'records',
  list(shape<ReceiptKey>({ kid: text, key: bytes, from: number })),
)
export const expiredNotices = stored('records', shape<ExpiredRecord>({ count: number, at: number }))
export const numbers = stored('records', number)
export const numberLists = stored('records', list(number))
/** By identity key as text. */
export const kemDevicesByIdentity = stored('records', named(list(number)))
export const textLists = stored('records', list(text))

export interface LogRecord {
  /** Null: the relay did not name its log. */
  id: string | null
  /** Up to this number the present log may offer again what the one before had offered. */
  before: number
}

export const relayLogs = stored('records', shape<LogRecord>({ id: nullable(text), before: number }))
