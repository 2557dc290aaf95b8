/** Maps a stored message to the view's type. */
import type {
  EditHistory,
  EncryptionDetails,
  Message,
  MessageStatus,
  Notice,
  Reaction,
  RecipientStatus,
  ReplyPreview,
  SignedReceipt,
} from '@/messenger/contract'
import { refKey } from './message-record'
import type {
  EditedRecord,
  EncryptionRecord,
  MessageRecord,
  NoticeRecord,
  RecipientRecord,
  ReplyRecord,
  SignedReceiptRecord,
} from './message-record'
import { statusOrder } from './message-status'
import { shownFile } from './shown-file'

export function shownMessage(record: MessageRecord): Message {
  const { conversation, kind, text, notice, sentAt, writtenAt, order, encryption } = record
  const recipients = record.recipients.map(shownRecipient)
  const reactions = (record.reactions ?? []).flatMap(({ by, emoji }): Reaction[] =>
    emoji === null ? [] : [{ mine: by === null, emoji }],
  )
  return {
    id: refKey(record),
    conversation,
    direction: recipients.length > 0 ? 'out' : 'in',
    status: overall(record.recipients),
    kind,
    text,
    replyTo: record.replyTo && shownReply(record.replyTo),
    ...(record.files && { files: record.files.map(shownFile) }),
    notice: notice && shownNotice(notice),
    ...(record.edited && { edited: shownEdits(record.edited) }),
    ...(reactions.length > 0 && { reactions }),
    ...(record.expiry && { expiry: { ...record.expiry } }),
    ...(record.awaited && { lost: record.awaited.lost }),
    problem: record.recipients.find(({ problem }) => problem !== null)?.problem ?? null,
    sentAt,
    ...(writtenAt !== undefined && { writtenAt }),
    order,
    acceptedAt: latest(recipients, 'acceptedAt'),
    deliveredAt: latest(recipients, 'deliveredAt'),
    readAt: latest(recipients, 'readAt'),
    recipients,
    encryption: encryption && shownEncryption(encryption),
    ...(record.signedReceipts && { signedReceipts: record.signedReceipts.map(shownReceipt) }),
  }
}

const shownEdits = ({ said, before }: EditedRecord): EditHistory => ({
  at: said.at,
  before: before.map(({ text, at }) => ({ text, at })),
})

function shownRecipient(recipient: RecipientRecord): RecipientStatus {
  const { userId, status, acceptedAt, deliveredAt, readAt } = recipient
  return { userId, status, acceptedAt, deliveredAt, readAt }
}

const shownReply = (reply: ReplyRecord): ReplyPreview => ({
  id: refKey(reply),
  known: reply.known,
  outgoing: reply.sender === null,
  excerpt: reply.excerpt,
})

function shownEncryption(record: EncryptionRecord): EncryptionDetails {
  const { origin, device, startedSession, fingerprint, identity, verified, postQuantum } = record
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

function shownNotice(record: NoticeRecord): Notice {
  switch (record.type) {
    case 'gap':
      return { type: record.type, count: record.count }
    case 'identity_changed': {
      const { type, count } = record
      return count === undefined ? { type } : { type, count }
    }
    case 'device_refused':
    case 'downgrade_refused':
      return { type: record.type, device: record.device }
    case 'stale_prekey':
      return { type: record.type, ageDays: record.ageDays }
    case 'timer':
      return { type: record.type, seconds: record.seconds, mine: record.mine }
    default:
      return { type: record.type }
  }
}

function shownReceipt(record: SignedReceiptRecord): SignedReceipt {
  const { log, userId, device, seq, id, digest, at, receipt } = record
  return { log, userId, device, seq, id, digest, at, receipt }
}

/** As far as it has come to all of them. */
function overall(recipients: readonly RecipientRecord[]): MessageStatus {
  const [first, ...others] = recipients.map(({ status }) => status)
  if (!first) return 'received'
  return others.reduce((least, one) => (statusOrder(one) < statusOrder(least) ? one : least), first)
}

/** When the last of them got there; null while one has not. */
function latest(
  recipients: readonly RecipientStatus[],
  step: 'acceptedAt' | 'deliveredAt' | 'readAt',
): number | null {
  let last: number | null = null
  for (const { [step]: at } of recipients) {
    if (at === null) return null
    last = Math.max(last ?? at, at)
  }
  return last
}
