/** A notice in the second version of a backup's content. */
import type { NoticeRecord } from '@/messenger/core/message-record'
import { fields, flag, literal, number, optional, shape } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'

export type BackupNotice =
  | { type: 'gap'; count: number }
  | { type: 'identity_changed'; count?: number }
  | { type: 'device_refused'; device: number }
  | { type: 'stale_prekey'; ageDays: number }
  | { type: 'timer'; seconds: number; mine: boolean }
  | { type: 'undecryptable' | 'session_renewed' | 'identity_accepted' | 'verified' }

export function copyNotice(notice: BackupNotice | NoticeRecord): BackupNotice {
  switch (notice.type) {
    case 'gap':
      return { type: notice.type, count: notice.count }
    case 'identity_changed': {
      const { type, count } = notice
      return count === undefined ? { type } : { type, count }
    }
    case 'device_refused':
      return { type: notice.type, device: notice.device }
    case 'downgrade_refused':
      // The format has no notice of its own for it: a device was refused.
      return { type: 'device_refused', device: notice.device }
    case 'stale_prekey':
      return { type: notice.type, ageDays: notice.ageDays }
    case 'timer':
      return { type: notice.type, seconds: notice.seconds, mine: notice.mine }
    default:
      return { type: notice.type }
  }
}

const noticeTypes: Record<BackupNotice['type'], true> = {
  gap: true,
  identity_changed: true,
  device_refused: true,
  stale_prekey: true,
  timer: true,
  undecryptable: true,
  session_renewed: true,
  identity_accepted: true,
  verified: true,
}

/** Whether a message is a notice of a type that only a later build knows. */
export function isLaterNotice(message: unknown): boolean {
  const { notice: given } = fields(message)
  if (given === null || given === undefined) return false
  const { type } = fields(given)
  return typeof type === 'string' && !Object.hasOwn(noticeTypes, type)
}

type Notice<Type extends BackupNotice['type']> = Extract<BackupNotice, { type: Type }>

export const notice: Decoder<BackupNotice> = (value) => {
  const { type } = fields(value)
  switch (type) {
    case 'gap':
      return shape<Notice<'gap'>>({ type: literal(type), count: number })(value)
    case 'identity_changed':
      return shape<Notice<typeof type>>({ type: literal(type), count: optional(number) })(value)
    case 'device_refused':
      return shape<Notice<typeof type>>({ type: literal(type), device: number })(value)
    case 'stale_prekey':
      return shape<Notice<typeof type>>({ type: literal(type), ageDays: number })(value)
    case 'timer':
      return shape<Notice<typeof type>>({ type: literal(type), seconds: number, mine: flag })(value)
    default:
      return {
        type: literal('undecryptable', 'session_renewed', 'identity_accepted', 'verified')(type),
      }
  }
}
