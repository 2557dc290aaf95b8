/**
 * What is inside an envelope, between clients. The relay sees none of it. Reading is strict about
 * who and to whom, and lenient about unknown fields and types.
 */
import { fromUtf8, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { isUsername } from '@/text/credentials'
import { pad, unpad } from '@/crypto/padding'
import { wellFormed } from '@/text/graphemes'
import { MAX_TEXT } from '@/text/sendable'
import { ContentError, isCount, isRecord, isTime, isUuid, malformed, readIds } from './checks'
import { readAbout, readSync } from './sync'
import type { About, SyncBody } from './sync'

export interface Sender {
  user_id: string
  device_id: number
  username: string
  /** Identity key as text. */
  identity: string
}

interface Common {
  v: 1
  id: string
  from: Sender
  to: string
  /** Counts up from 1 per sending device and recipient. */
  n: number
  /** Counts up like `n`, but for texts alone; older clients do not say it. */
  m?: number
  sent_at: number
}

export type Body =
  /** `for`: in copies that one's own other devices get. */
  | { type: 'text'; text: string; reply_to?: string; for?: About }
  | { type: 'delivered' | 'read'; ids: string[] }
  /** To one's own other devices only. */
  | SyncBody
  /** `device`: to one's own devices only, what the new one calls itself. */
  | { type: 'hello'; device?: string }
  | { type: 'typing'; active: boolean }

export type Content = Common & Body
export type UnknownContent = Common & { type: 'unknown' }

export const encodeContent = (content: Content): Bytes => pad(utf8(JSON.stringify(content)))

export interface Expected {
  userId: string
  deviceId: number
  /** As text; the identity the session is bound to. */
  identity: string
  /** Oneself. */
  to: string
}

/** @throws ContentError */
export function decodeContent(padded: Uint8Array, expected: Expected): Content | UnknownContent {
  const fields = parse(padded)
  const from = fields['from']
  if (!isRecord(from) || fields['v'] !== 1 || !isUuid(fields['id'])) throw malformed()
  if (!isCount(fields['n'], 0) || !isTime(fields['sent_at'])) throw malformed()
  if (typeof from['username'] !== 'string' || !isUsername(from['username'])) throw malformed()
  const same =
    from['user_id'] === expected.userId &&
    from['device_id'] === expected.deviceId &&
    from['identity'] === expected.identity
  if (!same) throw new ContentError('wrong_sender')
  if (fields['to'] !== expected.to) throw new ContentError('wrong_recipient')
  const common = {
    v: 1 as const,
    id: fields['id'],
    from: {
      user_id: expected.userId,
      device_id: expected.deviceId,
      username: from['username'],
      identity: expected.identity,
    },
    to: expected.to,
    n: fields['n'],
    ...(isCount(fields['m'], 0) && { m: fields['m'] }),
    sent_at: fields['sent_at'],
  }
  return { ...common, ...readBody(fields) }
}

/** @throws ContentError */
export function readBody(fields: Record<string, unknown>): Body | { type: 'unknown' } {
  switch (fields['type']) {
    case 'text': {
      const { text, reply_to: replyTo } = fields
      // Other clients may count what people call characters; one of those can be two units.
      if (typeof text !== 'string' || [...text].length > MAX_TEXT) throw malformed()
      if (replyTo !== undefined && !isUuid(replyTo)) throw malformed()
      return {
        type: 'text',
        text: wellFormed(text),
        ...(replyTo !== undefined && { reply_to: replyTo }),
        ...readAbout(fields['for']),
      }
    }
    case 'delivered':
    case 'read':
      return { type: fields['type'], ids: readIds(fields['ids']) }
    case 'sync':
      return readSync(fields, readAbout(fields['for']).for)
    case 'hello':
      return { type: 'hello', ...readDeviceName(fields['device']) }
    case 'typing':
      return { type: 'typing', active: fields['active'] === true }
    default:
      if (typeof fields['type'] !== 'string') throw malformed()
      return { type: 'unknown' }
  }
}

/** A short name in letters; anything else is as if nothing was said. */
function readDeviceName(value: unknown): { device?: string } {
  const good = typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} .,()_'-]{0,39}$/u.test(value)
  return good ? { device: value } : {}
}

function parse(padded: Uint8Array): Record<string, unknown> {
  const plain = unpad(padded)
  if (!plain) throw malformed()
  try {
    const value: unknown = JSON.parse(fromUtf8(plain))
    if (isRecord(value)) return value
  } catch {
    // Not UTF-8 or not JSON.
  }
  throw malformed()
}
