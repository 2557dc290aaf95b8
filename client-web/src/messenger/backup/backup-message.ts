/** A message in the second version of a backup's content: how it comes of a stored one, and becomes one. */
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { ConversationId, UserId } from '@/messenger/contract'
import { messageRules } from '@/messenger/contents/registry'
import { copyEdited, copyReaction, edited, reaction } from './backup-amendments'
import type { BackupEdited, BackupReaction } from './backup-amendments'
import { copyFile, file } from './backup-file-pointer'
import type { BackupFilePointer } from './backup-file-pointer'
import { copyNotice, isLaterNotice, notice } from './backup-notice'
import type { BackupNotice } from './backup-notice'
import type { MessageRecord, RecipientRecord, ReplyRecord } from '@/messenger/core/message-record'
import { withKnownType } from '@/messenger/core/message-shapes'
import { conversationId } from '@/messenger/core/record-shapes'
import { bytes, either, flag, list, literal, nullable, number } from '@/storage/decoders'
import { optional, shape, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'

export interface BackupMessage {
  id: string
  /** Null: oneself. */
  sender: UserId | null
  conversation: ConversationId
  /** One that a build does not know is shown as `unknown`. */
  kind: string
  text: string
  replyTo: BackupReply | null
  notice: BackupNotice | null
  sentAt: number
  writtenAt?: number
  order: number
  recipients: BackupRecipient[]
  encryption: BackupEncryption | null
  signedReceipts?: BackupReceipt[]
  unknown?: BackupUnknown
  /** Keys and thumbnails; not what is in the files. */
  files?: BackupFilePointer[]
  edited?: BackupEdited
  reactions?: BackupReaction[]
}

interface BackupReply {
  sender: UserId | null
  id: string
  known: boolean
  excerpt: string
}

interface BackupRecipient {
  userId: UserId
  status: 'waiting' | 'accepted' | 'delivered' | 'read'
  problem: RecipientRecord['problem']
  acceptedAt: number | null
  deliveredAt: number | null
  readAt: number | null
}

interface BackupEncryption {
  origin: 'this_device' | 'own_device' | 'contact'
  device: number
  startedSession: boolean
  fingerprint: string
  identity?: string
  verified: boolean
  postQuantum?: boolean
}

interface BackupReceipt {
  log: string
  userId: UserId
  device: number
  seq: number
  id: string
  digest: string
  at: number
  receipt: string
}

/** The content as it came; see `UnknownRecord`. */
interface BackupUnknown {
  named: string
  silent: boolean
  bytes: Bytes | null
}

export const fromMessage = (record: MessageRecord): BackupMessage => ({
  id: record.id,
  sender: record.sender,
  conversation: record.conversation,
  kind: record.kind,
  text: record.text,
  replyTo: record.replyTo && withoutExpiring(record.replyTo),
  notice: record.notice && copyNotice(record.notice),
  sentAt: record.sentAt,
  ...(record.writtenAt !== undefined && { writtenAt: record.writtenAt }),
  order: record.order,
  recipients: record.recipients.map(copyRecipient),
  encryption: record.encryption && copyEncryption(record.encryption),
  ...(record.signedReceipts && { signedReceipts: record.signedReceipts.map(copyReceipt) }),
  ...(record.unknown && { unknown: copyUnknown(record.unknown) }),
  ...(record.files && { files: record.files.map(copyFile) }),
  ...(record.edited && { edited: copyEdited(record.edited) }),
  ...(record.reactions && { reactions: record.reactions.map(copyReaction) }),
})

/** Null for a notice that only a later build can put into words. */
export const messageOf: Decoder<MessageRecord | null> = (value) => {
  if (isLaterNotice(value)) return null
  const { kind, ...given } = message(value)
  const unknown = given.unknown && copyUnknown(given.unknown)
  const rest = {
    id: given.id,
    sender: given.sender,
    conversation: given.conversation,
    text: given.text,
    replyTo: given.replyTo && copyReply(given.replyTo),
    notice: given.notice && copyNotice(given.notice),
    sentAt: given.sentAt,
    ...(given.writtenAt !== undefined && { writtenAt: given.writtenAt }),
    order: given.order,
    recipients: given.recipients.map(copyRecipient),
    encryption: given.encryption && copyEncryption(given.encryption),
    ...(given.signedReceipts && { signedReceipts: given.signedReceipts.map(copyReceipt) }),
    ...(given.files && { files: given.files.map(copyFile) }),
    ...(given.edited && { edited: copyEdited(given.edited) }),
    ...(given.reactions && { reactions: given.reactions.map(copyReaction) }),
  }
  if (kind === 'notice' || isKind(kind)) {
    return withKnownType({ ...rest, kind, ...(unknown && { unknown }) })
  }
  return {
    ...rest,
    kind: 'unknown',
    unknown: unknown ?? { named: kind, silent: false, bytes: null },
  }
}

const isKind = (kind: string): kind is keyof typeof messageRules =>
  Object.hasOwn(messageRules, kind)

// Field by field, in both directions: what a stored record gains enters no file unseen. Once a record's form
// differs from the file's, these do not compile any more and become two.

/** What disappears is in no file, nor is a quote of it. */
const withoutExpiring = (reply: ReplyRecord): BackupReply =>
  copyReply(reply.expires ? { ...reply, known: false, excerpt: '' } : reply)

const copyReply = ({ sender, id, known, excerpt }: BackupReply): BackupReply => ({
  sender,
  id,
  known,
  excerpt,
})

function copyRecipient(recipient: BackupRecipient): BackupRecipient {
  const { userId, status, problem, acceptedAt, deliveredAt, readAt } = recipient
  return { userId, status, problem, acceptedAt, deliveredAt, readAt }
}

function copyEncryption(encryption: BackupEncryption): BackupEncryption {
  const { origin, device, startedSession, fingerprint, identity, verified } = encryption
  const { postQuantum } = encryption
  return {
    origin,
    device,
    startedSession,
    fingerprint,
    verified,
    ...(identity !== undefined && { identity }),
    ...(postQuantum !== undefined && { postQuantum }),
  }
}

function copyReceipt(signed: BackupReceipt): BackupReceipt {
  const { log, userId, device, seq, id, digest, at, receipt } = signed
  return { log, userId, device, seq, id, digest, at, receipt }
}

/** No bytes are views of the file. */
const copyUnknown = ({ named, silent, bytes: kept }: BackupUnknown): BackupUnknown => ({
  named,
  silent,
  bytes: kept && own(kept),
})

const problem = literal(
  'identity_changed',
  'recipient_gone',
  'mailbox_full',
  'no_devices',
  'rate_limited',
  'set_aside',
  'file_too_large',
  'files_full',
  'file_lost',
  'refused',
)

/** A reason that only a later build can put into words: the message was not sent. */
const laterProblem: Decoder<'refused'> = (value) => {
  text(value)
  return 'refused'
}

const message = shape<BackupMessage>({
  id: text,
  sender: nullable(text),
  conversation: conversationId,
  kind: text,
  text,
  replyTo: nullable(
    shape<BackupReply>({ sender: nullable(text), id: text, known: flag, excerpt: text }),
  ),
  notice: nullable(notice),
  sentAt: number,
  writtenAt: optional(number),
  order: number,
  recipients: list(
    shape<BackupRecipient>({
      userId: text,
      status: literal('waiting', 'accepted', 'delivered', 'read'),
      problem: nullable(either(problem, laterProblem)),
      acceptedAt: nullable(number),
      deliveredAt: nullable(number),
      readAt: nullable(number),
    }),
  ),
  encryption: nullable(
    shape<BackupEncryption>({
      origin: literal('this_device', 'own_device', 'contact'),
      device: number,
      startedSession: flag,
      fingerprint: text,
      identity: optional(text),
      verified: flag,
      postQuantum: optional(flag),
    }),
  ),
  signedReceipts: optional(
    list(
      shape<BackupReceipt>({
        log: text,
        userId: text,
        device: number,
        seq: number,
        id: text,
        digest: text,
        at: number,
        receipt: text,
      }),
    ),
  ),
  files: optional(list(file)),
  edited: optional(edited),
  reactions: optional(list(reaction)),
  unknown: optional(shape<BackupUnknown>({ named: text, silent: flag, bytes: nullable(bytes) })),
})
