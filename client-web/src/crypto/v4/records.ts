/**
 * Sessions as bytes, in three parts by how often they change. Promises: a record written by any build is read by all
 * later ones; a part that did not change is the same object. Fields have protobuf's form, and a version.
 */
import { concat, equal } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { BRAID_STATES } from './braid'
import type { Braid, BraidParts } from './braid'
import type { Ratchet, ReceivingChain } from './chains'
import type { EpochChain, EpochChains } from './epochs'
import { u32be } from './kdf'
import { encodeFields, Fields } from './protobuf'
import type { Field } from './protobuf'
import type { Pending, Session } from './session'
import type { Skipped } from './skipped'

const VERSION = 1
/**
 * Replaced sessions that are kept for messages on their way. Signal's clients keep forty; a forged message
 * costs a trial in each, and they are dear in JavaScript.
 */
const KEPT_SESSIONS = 4

export interface SessionRecord {
  /** Of the open session: changes with every message. */
  state: Bytes
  /** Of the open session: changes a few times in ninety messages. */
  parts: Bytes
  /** Replaced sessions: changes when a session begins, or one of them is used again. */
  archive: Bytes
}

/** @throws CryptoError `internal` for bytes that no build wrote */
export function readSession({ state, parts }: SessionRecord): Session {
  try {
    return decodeSession(new Fields(state), new Fields(parts))
  } catch (cause) {
    throw new CryptoError('internal', 'a damaged session', { cause })
  }
}

/** `session` in place of the open one of `before`. */
export function writeSession(session: Session, before: SessionRecord): SessionRecord {
  const parts = encodeParts(session)
  return {
    state: encodeState(session),
    parts: equal(parts, before.parts) ? before.parts : parts,
    archive: before.archive,
  }
}

/** `session` as the open one; `replaced` are the others, newest first. */
export function openSession(session: Session, replaced: readonly SessionRecord[]): SessionRecord {
  return {
    state: encodeState(session),
    parts: encodeParts(session),
    archive: encodeFields(
      [1, VERSION],
      ...replaced.slice(0, KEPT_SESSIONS).map((one): Field => [2, encodeReplaced(one)]),
    ),
  }
}

/** The open session and the replaced ones, newest first. */
export function sessionsOf(record: SessionRecord): SessionRecord[] {
  const replaced = new Fields(record.archive).all(2).map((bytes) => {
    const fields = new Fields(bytes)
    return { state: fields.bytes(1), parts: fields.bytes(2), archive: record.archive }
  })
  return [record, ...replaced]
}

/** Nothing is sent in it any more, unless the other side answers in it. */
function encodeReplaced(record: SessionRecord): Bytes {
  const session = { ...readSession(record), pending: null }
  return encodeFields([1, encodeState(session)], [2, encodeParts(session)])
}

function encodeState({ remoteIdentity, remoteRegistrationId, ...session }: Session): Bytes {
  const { pending, ratchet, pq } = session
  return encodeFields(
    [1, VERSION],
    [2, remoteIdentity],
    [3, remoteRegistrationId],
    [4, session.baseKey],
    [5, pending && encodePending(pending)],
    [6, encodeRatchet(ratchet)],
    [7, encodeChains(pq.chains)],
    [8, encodeBraid(pq.braid)],
    [9, Number(pq.negotiating)],
  )
}

function encodeParts({ pending, pq }: Session): Bytes {
  const { seed, header, outgoing, ct1, ct2 } = pq.braid.parts
  const ciphertext = pending?.kemCiphertext ?? null
  return encodeFields([1, ciphertext], [2, seed], [3, header], [4, outgoing], [5, ct1], [6, ct2])
}

function decodeSession(state: Fields, parts: Fields): Session {
  if (state.number(1) !== VERSION) throw new CryptoError('internal', 'of a newer version')
  const pending = state.optionalBytes(5)
  return {
    remoteIdentity: state.bytes(2),
    remoteRegistrationId: state.number(3),
    baseKey: state.bytes(4),
    pending: pending && decodePending(new Fields(pending), parts.bytes(1)),
    ratchet: decodeRatchet(new Fields(state.bytes(6))),
    pq: {
      chains: decodeChains(new Fields(state.bytes(7))),
      braid: decodeBraid(new Fields(state.bytes(8)), {
        seed: parts.optionalBytes(2),
        header: parts.optionalBytes(3),
        outgoing: parts.optionalBytes(4),
        ct1: parts.optionalBytes(5),
        ct2: parts.optionalBytes(6),
      }),
      negotiating: state.number(9) === 1,
    },
  }
}

const encodePending = ({ prekeyId, signedPrekeyId, kemPrekeyId, startedAt }: Pending): Bytes =>
  encodeFields([1, prekeyId], [2, signedPrekeyId], [3, kemPrekeyId], [4, startedAt])

const decodePending = (fields: Fields, kemCiphertext: Bytes): Pending => ({
  prekeyId: fields.optionalNumber(1),
  signedPrekeyId: fields.number(2),
  kemPrekeyId: fields.number(3),
  startedAt: fields.number(4),
  kemCiphertext,
})

function encodeRatchet({ root, own, sending, previousCounter, receiving }: Ratchet): Bytes {
  return encodeFields(
    [1, root],
    [2, own.publicKey],
    [3, own.privateKey],
    [4, sending.key],
    [5, sending.index],
    [6, previousCounter],
    ...receiving.map((chain): Field => [7, encodeReceiving(chain)]),
  )
}

const encodeReceiving = ({ ratchetKey, key, index, skipped }: ReceivingChain): Bytes =>
  encodeFields([1, ratchetKey], [2, key], [3, index], [4, encodeSkipped(skipped)])

const decodeRatchet = (fields: Fields): Ratchet => ({
  root: fields.bytes(1),
  own: { publicKey: fields.bytes(2), privateKey: fields.bytes(3) },
  sending: { key: fields.bytes(4), index: fields.number(5) },
  previousCounter: fields.number(6),
  receiving: fields.all(7).map((bytes) => {
    const chain = new Fields(bytes)
    return {
      ratchetKey: chain.bytes(1),
      key: chain.bytes(2),
      index: chain.number(3),
      skipped: decodeSkipped(chain.bytes(4)),
    }
  }),
})

function encodeChains({ initiator, root, epoch, sendingEpoch, links }: EpochChains): Bytes {
  return encodeFields(
    [1, Number(initiator)],
    [2, root],
    [3, epoch],
    [4, sendingEpoch],
    ...links.map((link): Field => [5, encodeLink(link)]),
  )
}

const encodeLink = ({ sending, receiving }: EpochChain): Bytes =>
  encodeFields(
    [1, sending && sending.counter],
    [2, sending && sending.key],
    [3, receiving.counter],
    [4, receiving.key],
    [5, encodeSkipped(receiving.skipped)],
  )

const decodeChains = (fields: Fields): EpochChains => ({
  initiator: fields.number(1) === 1,
  root: fields.bytes(2),
  epoch: fields.number(3),
  sendingEpoch: fields.number(4),
  links: fields.all(5).map((bytes) => {
    const link = new Fields(bytes)
    const key = link.optionalBytes(2)
    return {
      sending: key && { counter: link.number(1), key },
      receiving: {
        counter: link.number(3),
        key: link.bytes(4),
        skipped: decodeSkipped(link.bytes(5)),
      },
    }
  }),
})

function encodeBraid({ state, epoch, authenticator, next, received }: Braid): Bytes {
  return encodeFields(
    [1, BRAID_STATES.indexOf(state)],
    [2, epoch],
    [3, authenticator.root],
    [4, authenticator.mac],
    [5, next],
    [6, encodeSkipped(new Map(received.map(({ number, data }) => [number, data])))],
  )
}

function decodeBraid(fields: Fields, parts: BraidParts): Braid {
  const state = BRAID_STATES[fields.number(1)]
  if (!state) throw new CryptoError('internal', 'unknown state')
  return {
    state,
    epoch: fields.number(2),
    authenticator: { root: fields.bytes(3), mac: fields.bytes(4) },
    next: fields.number(5),
    received: [...decodeSkipped(fields.bytes(6))].map(([number, data]) => ({ number, data })),
    parts,
  }
}

const ENTRY_LENGTH = 36

/** Numbers with 32 bytes each. */
const encodeSkipped = (skipped: Skipped): Bytes =>
  concat(...[...skipped].flatMap(([number, key]) => [u32be(number), key]))

function decodeSkipped(bytes: Bytes): Skipped {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const skipped: Skipped = new Map()
  for (let at = 0; at + ENTRY_LENGTH <= bytes.length; at += ENTRY_LENGTH) {
    skipped.set(view.getUint32(at), bytes.slice(at + 4, at + ENTRY_LENGTH))
  }
  return skipped
}
