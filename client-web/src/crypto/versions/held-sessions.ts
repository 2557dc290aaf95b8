/**
 * The sessions with one remote device, as secrets to seal. Promise: all later builds read every form that a build
 * wrote. A session of version 4 has two secrets: `state` changes with every message; `rest` changes a few times in
 * ninety messages and is long. `link` ties a state to its rest.
 */
import { random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { encodeFields, Fields } from '@/crypto/v4/protobuf'
import type { SessionRecord } from '@/crypto/v4/session-encoding'

/** The first byte of a sealed secret: its kind. */
export const TAGS = {
  /** Key pairs of the curve, and sessions of version 3 alone. */
  pairsAndVersion3: 1,
  /** Seeds of KEM pairs, and sessions of version 4 as one secret, which builds until 2026-11-30 wrote. */
  kemSeedsAndVersion4: 2,
  version4InTwo: 3,
} as const

export interface HeldSessions {
  readonly v3: Bytes | null
  readonly v4: SessionRecord | null
  /** 16 random bytes. Null unless the sessions were read from two secrets. */
  readonly link: Bytes | null
}

export const NONE: HeldSessions = { v3: null, v4: null, link: null }

const LAYOUT = 1
const LINK_LENGTH = 16

export interface TaggedSecret {
  tag: number
  secret: Bytes
}

export interface SessionSecrets {
  state: TaggedSecret
  /** Null: there is none. Undefined: unchanged. */
  rest: { link: Bytes; secret: Bytes } | null | undefined
}

/** `before`: the sessions that `held` replaces. */
export function encodeHeld(held: HeldSessions, before: HeldSessions): SessionSecrets {
  const { v3, v4 } = held
  if (!v4) {
    const secret = v3 ?? new Uint8Array(0)
    return { state: { tag: TAGS.pairsAndVersion3, secret }, rest: null }
  }
  const kept = v3 === before.v3 && v4.parts === before.v4?.parts && v4.archive === before.v4.archive
  const link = (kept && before.link) || random(LINK_LENGTH)
  const secret = encodeFields([1, LAYOUT], [2, v4.state], [3, link])
  const state = { tag: TAGS.version4InTwo, secret }
  if (link === before.link) return { state, rest: undefined }
  const rest = encodeFields([1, LAYOUT], [2, v4.parts], [3, v4.archive], [4, v3])
  return { state, rest: { link, secret: rest } }
}

/** `openRest` opens the rest with this link. @throws CryptoError `damaged` for a tag that this build does not know */
export async function decodeHeld(
  { tag, secret }: TaggedSecret,
  openRest: (link: Bytes) => Promise<Bytes>,
): Promise<HeldSessions> {
  if (tag === TAGS.pairsAndVersion3) return { ...NONE, v3: secret }
  if (tag === TAGS.kemSeedsAndVersion4) return decodeOne(new Fields(secret))
  if (tag !== TAGS.version4InTwo) throw new CryptoError('damaged', 'of an unknown version')
  const small = inLayout(secret)
  const [state, link] = [small.bytes(2), small.bytes(3)]
  const rest = inLayout(await openRest(link))
  const v4 = { state, parts: rest.bytes(2), archive: rest.bytes(3) }
  return { v4, v3: rest.optionalBytes(4), link }
}

function decodeOne(fields: Fields): HeldSessions {
  const record = inLayout(fields.bytes(1))
  const v4 = { state: record.bytes(2), parts: record.bytes(3), archive: record.bytes(4) }
  return { v4, v3: fields.optionalBytes(2), link: null }
}

/** @throws CryptoError `internal` for bytes that no build wrote */
function inLayout(bytes: Bytes): Fields {
  const fields = new Fields(bytes)
  if (fields.number(1) !== LAYOUT) throw new CryptoError('internal', 'of a newer layout')
  return fields
}
