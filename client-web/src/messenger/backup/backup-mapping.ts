/** The second version of a backup's content: how it comes of this device's records, and becomes them. */
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { LocalIdentity } from '@/crypto/engine'
import type {
  ConversationId,
  EncryptionDetails,
  Notice,
  Settings,
  SignedReceipt,
  UserId,
} from '@/messenger/contract'
import { messageRules } from '@/messenger/contents/registry'
import type {
  MessageRecord,
  RecipientRecord,
  ReplyRecord,
  UnknownRecord,
} from '@/messenger/core/message-record'
import { encryption, problem, signedReceipt, withKnownType } from '@/messenger/core/message-shapes'
import { emptyConversation } from '@/messenger/core/records'
import type { ContactRecord, ConversationRecord } from '@/messenger/core/records'
import { conversationId } from '@/messenger/core/record-shapes'
import { readNotice } from '@/messenger/core/stored-notices'
import { bytes, flag, list, literal, nullable, number, optional } from '@/storage/decoders'
import { shape, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'

/** What a backup means to this build, whatever version its file has. */
export interface BackupContent {
  createdAt: number
  account: { userId: UserId; username: string; identity: LocalIdentity }
  settings: Settings
  contacts: ContactRecord[]
  conversations: ConversationRecord[]
  messages: MessageRecord[]
}

interface BackupFile {
  v: 2
  createdAt: number
  account: BackupContent['account']
  settings: Settings
  contacts: BackupContact[]
  conversations: BackupConversation[]
  messages: BackupMessage[]
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
  /** Another key than the pinned one, not decided about. */
  changed: { identity: Bytes; at: number; times: number; notice?: string } | null
}

/** What the list shows of it comes of its messages. */
interface BackupConversation {
  id: ConversationId
  activeAt: number
  unread: number
  muted: boolean
  archived: boolean
}

interface BackupMessage {
  id: string
  /** Null: oneself. */
  sender: UserId | null
  conversation: ConversationId
  /** One that a build does not know is shown as `unknown`. */
  kind: string
  text: string
  replyTo: { sender: UserId | null; id: string; known: boolean; excerpt: string } | null
  notice: Notice | null
  sentAt: number
  writtenAt?: number
  order: number
  recipients: {
    userId: UserId
    status: RecipientRecord['status']
    problem: RecipientRecord['problem']
    acceptedAt: number | null
    deliveredAt: number | null
    readAt: number | null
  }[]
  encryption: EncryptionDetails | null
  signedReceipts?: SignedReceipt[]
  /** The content as it came; see `UnknownRecord`. */
  unknown?: { named: string; silent: boolean; bytes: Bytes | null }
}

export const fileOf = (content: BackupContent): BackupFile => ({
  v: 2,
  createdAt: content.createdAt,
  account: content.account,
  settings: content.settings,
  contacts: content.contacts.map(fromContact),
  conversations: content.conversations.map(fromConversation),
  messages: content.messages.map(fromMessage),
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
  return { ...known, changed: seen }
}

const fromConversation = (record: ConversationRecord): BackupConversation => ({
  id: record.id,
  activeAt: record.activeAt,
  unread: record.unread,
  muted: record.muted,
  archived: record.archived,
})

function fromMessage(record: MessageRecord): BackupMessage {
  const { id, sender, conversation, kind, text: words, replyTo, notice } = record
  const { sentAt, writtenAt, order, signedReceipts, unknown } = record
  return {
    id,
    sender,
    conversation,
    kind,
    text: words,
    replyTo: replyTo && {
      sender: replyTo.sender,
      id: replyTo.id,
      known: replyTo.known,
      excerpt: replyTo.excerpt,
    },
    notice,
    sentAt,
    ...(writtenAt !== undefined && { writtenAt }),
    order,
    recipients: record.recipients.map((one) => ({
      userId: one.userId,
      status: one.status,
      problem: one.problem,
      acceptedAt: one.acceptedAt,
      deliveredAt: one.deliveredAt,
      readAt: one.readAt,
    })),
    encryption: record.encryption,
    ...(signedReceipts && { signedReceipts: [...signedReceipts] }),
    ...(unknown && {
      unknown: { named: unknown.named, silent: unknown.silent, bytes: unknown.bytes },
    }),
  }
}

/** A contact as it begins on this device: its devices are asked for anew; no bytes are views of the file. */
export const restored = (contact: ContactRecord): ContactRecord => ({
  ...contact,
  identity: own(contact.identity),
  changed: contact.changed && { ...contact.changed, identity: own(contact.changed.identity) },
  devices: null,
})

const contact = shape<BackupContact>({
  userId: text,
  username: text,
  identity: bytes,
  verified: flag,
  verifiedAt: nullable(number),
  relation: literal('contact', 'request', 'hidden'),
  blocked: flag,
  addedAt: number,
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
})

export const conversationOf: Decoder<ConversationRecord> = (value) => {
  const { id, activeAt, ...rest } = conversation(value)
  return { ...emptyConversation(id, activeAt), ...rest }
}

const message = shape<BackupMessage>({
  id: text,
  sender: nullable(text),
  conversation: conversationId,
  kind: text,
  text,
  replyTo: nullable(
    shape<ReplyRecord>({ sender: nullable(text), id: text, known: flag, excerpt: text }),
  ),
  notice: nullable(readNotice),
  sentAt: number,
  writtenAt: optional(number),
  order: number,
  recipients: list(
    shape<BackupMessage['recipients'][number]>({
      userId: text,
      status: literal('waiting', 'accepted', 'delivered', 'read'),
      problem,
      acceptedAt: nullable(number),
      deliveredAt: nullable(number),
      readAt: nullable(number),
    }),
  ),
  encryption: nullable(encryption),
  signedReceipts: optional(list(signedReceipt)),
  unknown: optional(shape<UnknownRecord>({ named: text, silent: flag, bytes: nullable(bytes) })),
})

export const messageOf: Decoder<MessageRecord> = (value) => {
  const { kind, unknown, ...rest } = message(value)
  const kept = unknown && { ...unknown, bytes: unknown.bytes && own(unknown.bytes) }
  if (kind === 'notice' || isKind(kind)) {
    return withKnownType({ ...rest, kind, ...(kept && { unknown: kept }) })
  }
  return { ...rest, kind: 'unknown', unknown: kept ?? { named: kind, silent: false, bytes: null } }
}

const isKind = (kind: string): kind is keyof typeof messageRules =>
  Object.hasOwn(messageRules, kind)
