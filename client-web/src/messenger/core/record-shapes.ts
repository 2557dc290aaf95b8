/** What stands in several kinds of stored records, or is a record of its own, read field by field. */
import { bytes, fields, literal, number, shape, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import type { IncomingEnvelope } from '@/wire/types'
import { readBody } from '@/messenger/contents/registry'
import type { Body } from '@/messenger/contents/registry'
import { readConversationId } from '@/messenger/contract'
import type { ConversationId } from '@/messenger/contract'
import type { DeviceRef } from './records'

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

export const conversationId: Decoder<ConversationId> = (value) => readConversationId(text(value))

export const body: Decoder<Body> = (value) => {
  const read = readBody(fields(value))
  if (!read) throw new TypeError('not a content of ours')
  return read
}
