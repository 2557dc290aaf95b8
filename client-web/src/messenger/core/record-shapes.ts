/** What stands in several kinds of stored records, or is a record of its own, read field by field. */
import { bytes, fields, flag, list, literal, nullable, number, optional } from '@/storage/decoders'
import { shape, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import type { KeyPair } from '@/crypto/engine'
import type { IncomingEnvelope } from '@/wire/types'
import { readBody } from '@/messenger/contents/content'
import type { Body } from '@/messenger/contents/content'
import type { EncryptionDetails, ReplyPreview, SignedReceipt } from '@/messenger/contract'
import type { DeviceRef, MessageRecord } from './records'
import { readNotice } from './stored-notices'

export const keyPair = shape<KeyPair>({ publicKey: bytes, privateKey: bytes })
export const kind = literal('prekey', 'message')
export const device = shape<DeviceRef>({ deviceId: number, registrationId: number })

export const envelope = shape<IncomingEnvelope>({
  seq: number,
  id: text,
  from: shape<IncomingEnvelope['from']>({ user_id: text, device_id: number }),
  kind,
  body: bytes,
  at: number,
})

const reply = shape<ReplyPreview>({ id: text, known: flag, outgoing: flag, excerpt: text })

const encryption = shape<EncryptionDetails>({
  origin: literal('this_device', 'own_device', 'contact'),
  device: number,
  startedSession: flag,
  fingerprint: text,
  identity: optional(text),
  verified: flag,
})

const signedReceipt = shape<SignedReceipt>({
  log: text,
  userId: text,
  device: number,
  seq: number,
  id: text,
  digest: text,
  at: number,
  receipt: text,
})

export const message = shape<MessageRecord>({
  id: text,
  conversation: text,
  direction: literal('in', 'out'),
  status: literal('waiting', 'accepted', 'delivered', 'read', 'received'),
  kind: literal('text', 'unsupported', 'notice'),
  text,
  replyTo: nullable(reply),
  notice: nullable(readNotice),
  problem: nullable(
    literal(
      'identity_changed',
      'recipient_gone',
      'mailbox_full',
      'no_devices',
      'rate_limited',
      'set_aside',
      'refused',
    ),
  ),
  sentAt: number,
  writtenAt: optional(number),
  order: number,
  acceptedAt: nullable(number),
  deliveredAt: nullable(number),
  readAt: nullable(number),
  encryption: nullable(encryption),
  signedReceipts: optional(list(signedReceipt)),
})

export const body: Decoder<Body> = (value) => {
  const read = readBody(fields(value))
  if (read.type === 'unknown') throw new TypeError('not a content of ours')
  return read
}
