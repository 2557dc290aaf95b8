/** How the parts of a stored message are read; both versions of messages hold them in this form. */
import { fields, flag, list, literal, nullable, number, optional } from '@/storage/decoders'
import { shape, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import type {
  EarlierText,
  EditedRecord,
  EncryptionRecord,
  ExpiryRecord,
  NoticeRecord,
  ReactionRecord,
  RecipientRecord,
  SaidRecord,
  SignedReceiptRecord,
} from './message-record'

export const encryptionV1 = shape<EncryptionRecord>({
  origin: literal('this_device', 'own_device', 'contact'),
  device: number,
  startedSession: flag,
  fingerprint: text,
  identity: optional(text),
  verified: flag,
  postQuantum: optional(flag),
})

export const said = shape<SaidRecord>({ device: number, n: number, at: number })

export const editedV1 = shape<EditedRecord>({
  said,
  before: list(shape<EarlierText>({ text, at: number })),
})

export const reactionV1 = shape<ReactionRecord>({
  by: nullable(text),
  emoji: nullable(text),
  said,
})

export const expiryV1 = shape<ExpiryRecord>({ seconds: number, at: nullable(number) })

export const signedReceiptV1 = shape<SignedReceiptRecord>({
  log: text,
  userId: text,
  device: number,
  seq: number,
  id: text,
  digest: text,
  at: number,
  receipt: text,
})

export const problemV1: Decoder<RecipientRecord['problem']> = nullable(
  literal(
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
  ),
)

type Of<Type extends NoticeRecord['type']> = Extract<NoticeRecord, { type: Type }>

type Refused = Extract<NoticeRecord, { device: number }>

export const noticeV1: Decoder<NoticeRecord> = (value) => {
  const { type } = fields(value)
  switch (type) {
    case 'gap':
      return shape<Of<'gap'>>({ type: literal('gap'), count: number })(value)
    case 'identity_changed':
      return shape<Of<'identity_changed'>>({ type: literal(type), count: optional(number) })(value)
    case 'device_refused':
    case 'downgrade_refused':
      return shape<Refused>({ type: literal(type), device: number })(value)
    case 'stale_prekey':
      return shape<Of<'stale_prekey'>>({ type: literal(type), ageDays: number })(value)
    case 'timer':
      return shape<Of<'timer'>>({ type: literal(type), seconds: number, mine: flag })(value)
    default:
      return {
        type: literal('undecryptable', 'session_renewed', 'identity_accepted', 'verified')(type),
      }
  }
}
