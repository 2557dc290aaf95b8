/** How a message is read from this device, by version. */
import { bytes, flag, list, literal, nullable, number, optional } from '@/storage/decoders'
import { shape, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import { messageRules, messageRuleOf } from '@/messenger/contents/registry'
import { asKnown } from '@/messenger/contents/codec'
import { personIn } from '@/messenger/contract'
import type { ConversationId, MessageStatus, SendProblem } from '@/messenger/contract'
import { fileV1, filesOf } from './file-record'
import { newRecipient } from './message-record'
import type {
  EncryptionRecord,
  MessageRecord,
  NoticeRecord,
  RecipientRecord,
  ReplyRecord,
  SignedReceiptRecord,
  UnknownRecord,
} from './message-record'
import {
  editedV1,
  expiryV1,
  encryptionV1,
  noticeV1,
  reactionV1,
  problemV1,
  signedReceiptV1,
} from './message-part-shapes'
import { conversationId } from './record-shapes'

/** Of builds until 2026-11-29; the view knew the same fields. */
interface FirstVersion {
  id: string
  conversation: ConversationId
  direction: 'in' | 'out'
  status: MessageStatus
  kind: 'text' | 'unsupported' | 'notice'
  text: string
  replyTo: { id: string; known: boolean; outgoing: boolean; excerpt: string } | null
  notice: NoticeRecord | null
  problem: SendProblem | null
  sentAt: number
  writtenAt?: number
  order: number
  acceptedAt: number | null
  deliveredAt: number | null
  readAt: number | null
  encryption: EncryptionRecord | null
  signedReceipts?: SignedReceiptRecord[]
}

const firstVersion = shape<FirstVersion>({
  id: text,
  conversation: conversationId,
  direction: literal('in', 'out'),
  status: literal('waiting', 'accepted', 'delivered', 'read', 'received'),
  kind: literal('text', 'unsupported', 'notice'),
  text,
  replyTo: nullable(
    shape<NonNullable<FirstVersion['replyTo']>>({
      id: text,
      known: flag,
      outgoing: flag,
      excerpt: text,
    }),
  ),
  notice: nullable(noticeV1),
  problem: problemV1,
  sentAt: number,
  writtenAt: optional(number),
  order: number,
  acceptedAt: nullable(number),
  deliveredAt: nullable(number),
  readAt: nullable(number),
  encryption: nullable(encryptionV1),
  signedReceipts: optional(list(signedReceiptV1)),
})

export const messageV1: Decoder<MessageRecord> = (value) => {
  const {
    direction,
    status,
    problem: why,
    acceptedAt,
    deliveredAt,
    readAt,
    ...old
  } = firstVersion(value)
  const { replyTo, kind, conversation } = old
  const person = personIn(conversation)
  const reached = { problem: why, acceptedAt, deliveredAt, readAt }
  return {
    ...old,
    kind: kind === 'unsupported' ? 'unknown' : kind,
    sender: direction === 'in' && kind !== 'notice' ? person : null,
    replyTo: replyTo && {
      id: replyTo.id,
      sender: replyTo.outgoing ? null : person,
      known: replyTo.known,
      excerpt: replyTo.excerpt,
    },
    recipients:
      direction === 'out' && status !== 'received' && person !== null
        ? [newRecipient(person, { status, ...reached })]
        : [],
    ...(kind === 'unsupported' && { unknown: { named: '', silent: false, bytes: null } }),
  }
}

const kinds = Object.keys(messageRules) as (keyof typeof messageRules)[]

const secondVersion = shape<MessageRecord>({
  id: text,
  sender: nullable(text),
  conversation: conversationId,
  kind: literal('notice', ...kinds),
  text,
  replyTo: nullable(
    shape<ReplyRecord>({
      id: text,
      sender: nullable(text),
      known: flag,
      excerpt: text,
      expires: optional(flag),
    }),
  ),
  notice: nullable(noticeV1),
  sentAt: number,
  writtenAt: optional(number),
  order: number,
  recipients: list(
    shape<RecipientRecord>({
      userId: text,
      status: literal('waiting', 'accepted', 'delivered', 'read'),
      problem: problemV1,
      acceptedAt: nullable(number),
      deliveredAt: nullable(number),
      readAt: nullable(number),
    }),
  ),
  encryption: nullable(encryptionV1),
  signedReceipts: optional(list(signedReceiptV1)),
  files: optional(list(fileV1)),
  edited: optional(editedV1),
  reactions: optional(list(reactionV1)),
  expiry: optional(expiryV1),
  awaited: optional(shape<NonNullable<MessageRecord['awaited']>>({ lost: flag })),
  unknown: optional(shape<UnknownRecord>({ named: text, silent: flag, bytes: nullable(bytes) })),
})

export const messageV2: Decoder<MessageRecord> = (value) => withKnownType(secondVersion(value))

/** A message that an older build kept as unknown gets its kind, if this build knows the type. */
export function withKnownType(record: MessageRecord): MessageRecord {
  const body = record.unknown?.bytes ? asKnown(record.unknown.bytes) : null
  const rule = body && messageRuleOf(body)
  if (!body || !rule) return record
  const { unknown: _, ...rest } = record
  const answered = rule.answers?.(body)
  return {
    ...rest,
    ...filesOf(rule.files?.(body)),
    kind: rule.kind,
    text: rule.preview(body),
    replyTo: answered ? { id: answered, sender: null, known: false, excerpt: '' } : null,
  }
}
