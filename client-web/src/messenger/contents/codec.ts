/**
 * The content of an envelope, between clients. The relay sees none of it. Decoding is strict about
 * sender and recipient, and lenient about unknown fields and types.
 */
import { fromUtf8, own, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { isUsername } from '@/text/credentials'
import { pad, unpad } from '@/crypto/padding'
import type { UserId } from '@/messenger/contract'
import { ContentError, isCount, isRecord, isTime, isUuid, malformed } from './checks'
import type { Fields } from './checks'
import type { Common } from './content-type'
import { isShownType, readBody } from './registry'
import type { Body, Content, UnknownContent } from './registry'
import { unwrapSent, wrapSent } from './sync/sent'
import { withPerson } from './sync/with-person'
import { readUnknown } from './unknown/unknown'
import type { UnknownBody } from './unknown/unknown'

export const encodeContent = (content: Content): Bytes =>
  pad(utf8(JSON.stringify(wrapSent(content))))

export interface Expected {
  userId: UserId
  deviceId: number
  /** As text; the identity the session is bound to. */
  identity: string
  /** Oneself. */
  to: string
}

/** @throws ContentError */
export function decodeContent(padded: Uint8Array, expected: Expected): Content | UnknownContent {
  const plain = unpad(padded)
  if (!plain) throw malformed()
  const given = parse(plain)
  readCommon(given, expected)
  const fields = unwrapSent(withPerson(given))
  const common = readCommon(fields, expected)
  const known = belongsToPeople(fields) ? readBody(fields) : null
  return { ...common, ...(known ?? readUnplaced(fields, own(plain))) }
}

/** Kept for a build that knows the type, or the conversation; what is no message is shown nowhere. */
function readUnplaced(fields: Fields, bytes: Bytes): UnknownBody {
  const { type } = fields
  if (typeof type !== 'string') throw malformed()
  const unknown = readUnknown(type, fields, bytes)
  return isShownType(type) ? unknown : { ...unknown, silent: true }
}

/**
 * Absent, `conversation` means the other person; this build knows no other kind. A content of another
 * conversation (a group) must not stand in the conversation with its sender.
 */
function belongsToPeople({ conversation, from, to, for: about }: Fields): boolean {
  if (conversation === undefined) return true
  const people = [to, ...[from, about].map((one) => (isRecord(one) ? one['user_id'] : undefined))]
  return people.includes(conversation)
}

/** Decodes a content again that was kept because its type or conversation was unknown; null while it still is. */
export function asKnown(bytes: Bytes): Body | null {
  try {
    const fields = unwrapSent(withPerson(parse(bytes)))
    return belongsToPeople(fields) ? readBody(fields) : null
  } catch {
    // Not what this build calls by that name: shown as before.
    return null
  }
}

function readCommon(fields: Fields, expected: Expected): Common {
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
  return {
    v: 1,
    id: fields['id'],
    from: {
      user_id: expected.userId,
      device_id: expected.deviceId,
      username: from['username'],
      identity: expected.identity,
      ...(from['pq'] === 1 && { pq: 1 }),
    },
    to: expected.to,
    n: fields['n'],
    ...(isCount(fields['m'], 0) && { m: fields['m'] }),
    sent_at: fields['sent_at'],
    ...(isUuid(fields['again']) && { again: fields['again'] }),
  }
}

function parse(plain: Uint8Array): Fields {
  try {
    const value: unknown = JSON.parse(fromUtf8(plain))
    if (isRecord(value)) return value
  } catch {
    // Not UTF-8 or not JSON.
  }
  throw malformed()
}
