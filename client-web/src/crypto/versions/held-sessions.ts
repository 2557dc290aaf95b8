/**
 * The sessions with one remote device, as the secret that is sealed. Promise: every form that a build wrote
 * is read by all later ones.
 */
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { encodeFields, Fields } from '@/crypto/v4/protobuf'
import type { SessionRecord } from '@/crypto/v4/records'

/** The first byte of a sealed secret: which kind of secret it is. */
export const TAGS = { pairsAndVersion3: 1, kemSeedsAndVersion4: 2 } as const

export interface HeldSessions {
  readonly v3: Bytes | null
  readonly v4: SessionRecord | null
}

export const NONE: HeldSessions = { v3: null, v4: null }

const LAYOUT = 1

export function encodeHeld({ v3, v4 }: HeldSessions): { tag: number; secret: Bytes } {
  if (!v4) return { tag: TAGS.pairsAndVersion3, secret: v3 ?? new Uint8Array(0) }
  const { state, parts, archive } = v4
  const record = encodeFields([1, LAYOUT], [2, state], [3, parts], [4, archive])
  return { tag: TAGS.kemSeedsAndVersion4, secret: encodeFields([1, record], [2, v3]) }
}

/** @throws CryptoError `damaged` for a tag that this build does not know */
export function decodeHeld(tag: number, secret: Bytes): HeldSessions {
  if (tag === TAGS.pairsAndVersion3) return { v3: secret, v4: null }
  if (tag !== TAGS.kemSeedsAndVersion4) throw new CryptoError('damaged', 'of an unknown version')
  const fields = new Fields(secret)
  return { v4: decodeRecord(fields.bytes(1)), v3: fields.optionalBytes(2) }
}

/** @throws CryptoError `internal` for bytes that no build wrote */
function decodeRecord(bytes: Bytes): SessionRecord {
  const fields = new Fields(bytes)
  if (fields.number(1) !== LAYOUT) throw new CryptoError('internal', 'of a newer layout')
  return { state: fields.bytes(2), parts: fields.bytes(3), archive: fields.bytes(4) }
}
