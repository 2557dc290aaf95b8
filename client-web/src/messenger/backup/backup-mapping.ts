/** The second version of a backup's content: how it comes of this device's records, and becomes them. */
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { defaultSettings } from '@/messenger/contract'
import type { ConversationId, Settings, UserId } from '@/messenger/contract'
import type { MarkRecord } from '@/messenger/core/mark-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { SettledTimer } from '@/messenger/core/expiry-records'
import { emptyConversation } from '@/messenger/core/records'
import type { ContactRecord, ConversationRecord } from '@/messenger/core/records'
import { conversationId } from '@/messenger/core/record-shapes'
import { bytes, flag, literal, nullable, number, optional } from '@/storage/decoders'
import { shape, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import { copyMark } from './backup-mark'
import type { BackupMark } from './backup-mark'
import { fromMessage } from './backup-message'
import type { BackupMessage } from './backup-message'

/** The content of a backup in this build's types, for all versions of the file. */
export interface BackupContent {
  createdAt: number
  /** In the file also the identity, which the engine adds and takes out; see `crypto/backup-identity.ts`. */
  account: { userId: UserId; username: string }
  settings: Settings
  contacts: ContactRecord[]
  conversations: ConversationRecord[]
  messages: MessageRecord[]
  marks: MarkRecord[]
  /** Absent from those of builds that let no messages disappear, and from parts of a history. */
  timers?: readonly SettledTimer[]
}

interface BackupFile {
  v: 2
  createdAt: number
  account: BackupContent['account']
  settings: BackupSettings
  contacts: BackupContact[]
  conversations: BackupConversation[]
  messages: BackupMessage[]
  /** Stars and pins of messages. */
  marks?: BackupMark[]
  timers?: BackupTimer[]
}

/** Who changed last for how long the messages of a conversation stay. */
interface BackupTimer {
  conversation: ConversationId
  seconds: number
  at: number
  by: UserId
  device: number
}

/** Those that the build did not know may be missing. */
interface BackupSettings {
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

interface BackupContact {
  userId: UserId
  username: string
  identity: Bytes
  verified: boolean
  verifiedAt: number | null
  relation: ContactRecord['relation']
  blocked: boolean
  addedAt: number
  nickname?: string
  /** Another key than the pinned one, not decided about. */
  changed: { identity: Bytes; at: number; times: number; notice?: string } | null
}

/** The list's line is derived from its messages. */
interface BackupConversation {
  id: ConversationId
  activeAt: number
  unread: number
  muted: boolean
  archived: boolean
  mutedUntil?: number | null
  pinned?: boolean
  markedUnread?: boolean
}

export const fileOf = (content: BackupContent): BackupFile => ({
  v: 2,
  createdAt: content.createdAt,
  account: content.account,
  settings: fromSettings(content.settings),
  contacts: content.contacts.map(fromContact),
  conversations: content.conversations.map(fromConversation),
  messages: content.messages.map(fromMessage),
  ...(content.marks.length > 0 && { marks: content.marks.map(copyMark) }),
  ...(content.timers && { timers: content.timers.map(fromTimer) }),
})

const fromTimer = ({ conversation, seconds, at, by, device }: SettledTimer): BackupTimer => ({
  conversation,
  seconds,
  at,
  by,
  device,
})

const fromSettings = (settings: Settings): BackupSettings => ({
  readReceipts: settings.readReceipts,
  typingIndicators: settings.typingIndicators,
  presence: settings.presence,
  enterSends: settings.enterSends,
  theme: settings.theme,
  language: settings.language,
  autoLockMinutes: settings.autoLockMinutes,
  listWidth: settings.listWidth,
  notifications: settings.notifications,
  notificationNames: settings.notificationNames,
  signedReceipts: settings.signedReceipts,
})

function fromContact(record: ContactRecord): BackupContact {
  const { userId, username, identity, verified, verifiedAt, relation, blocked, addedAt } = record
  const { changed } = record
  const seen = changed && {
    identity: changed.identity,
    at: changed.at,
    times: changed.times ?? 1,
    ...(changed.notice !== undefined && { notice: changed.notice }),
  }
  const known = { userId, username, identity, verified, verifiedAt, relation, blocked, addedAt }
  const { nickname } = record
  return { ...known, ...(nickname !== undefined && { nickname }), changed: seen }
}

const fromConversation = (record: ConversationRecord): BackupConversation => ({
  id: record.id,
  activeAt: record.activeAt,
  unread: record.unread,
  muted: record.muted,
  archived: record.archived,
  ...(record.mutedUntil !== undefined && { mutedUntil: record.mutedUntil }),
  ...(record.pinned !== undefined && { pinned: record.pinned }),
  ...(record.markedUnread !== undefined && { markedUnread: record.markedUnread }),
})

/** A contact as it begins on this device: its devices are fetched anew; no bytes are views of the file. */
export const restored = (contact: ContactRecord): ContactRecord => ({
  ...contact,
  identity: own(contact.identity),
  changed: contact.changed && { ...contact.changed, identity: own(contact.changed.identity) },
  devices: null,
})

const settings = shape<BackupSettings>({
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
})

export const settingsOf: Decoder<Settings> = (value) => ({ ...defaultSettings, ...settings(value) })

const contact = shape<BackupContact>({
  userId: text,
  username: text,
  identity: bytes,
  verified: flag,
  verifiedAt: nullable(number),
  relation: literal('contact', 'request', 'hidden'),
  blocked: flag,
  addedAt: number,
  nickname: optional(text),
  changed: nullable(
    shape<NonNullable<BackupContact['changed']>>({
      identity: bytes,
      at: number,
      times: number,
      notice: optional(text),
    }),
  ),
})

export const contactOf: Decoder<ContactRecord> = (value) => ({ ...contact(value), devices: null })

const conversation = shape<BackupConversation>({
  id: conversationId,
  activeAt: number,
  unread: number,
  muted: flag,
  archived: flag,
  mutedUntil: optional(nullable(number)),
  pinned: optional(flag),
  markedUnread: optional(flag),
})

export const conversationOf: Decoder<ConversationRecord> = (value) => {
  const { id, activeAt, ...rest } = conversation(value)
  return { ...emptyConversation(id, activeAt), ...rest }
}
