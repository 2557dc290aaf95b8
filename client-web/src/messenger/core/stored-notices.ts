import { fields, literal, number, optional, shape } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import type { Notice } from '@/messenger/contract'

type Of<Type extends Notice['type']> = Extract<Notice, { type: Type }>

/** Of a notice in a conversation. */
export const readNotice: Decoder<Notice> = (value) => {
  const { type } = fields(value)
  switch (type) {
    case 'gap':
      return shape<Of<'gap'>>({ type: literal('gap'), count: number })(value)
    case 'identity_changed':
      return shape<Of<'identity_changed'>>({ type: literal(type), count: optional(number) })(value)
    case 'device_refused':
      return shape<Of<'device_refused'>>({ type: literal(type), device: number })(value)
    case 'stale_prekey':
      return shape<Of<'stale_prekey'>>({ type: literal(type), ageDays: number })(value)
    default:
      return {
        type: literal('undecryptable', 'session_renewed', 'identity_accepted', 'verified')(type),
      }
  }
}
