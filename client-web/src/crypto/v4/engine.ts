/**
 * Signal's protocol, version 4 (PQXDH, and the Double Ratchet beside the Sparse Post-Quantum Ratchet), as pure
 * functions. Promise: a record goes in, a new one comes out; a call that throws (always a `CryptoError`)
 * has changed nothing, so nothing is kept unless all of a message succeeded. The caller stores the returned record before it uses
 * the result, and never runs two calls for one remote device at once.
 */
import { equal, random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type {
  Bundle as AnyBundle,
  EnvelopeKind,
  KeyPair,
  Local,
  Prekey,
  PublicKey,
  RemoteAddress,
  SessionInfo,
} from '@/crypto/engine'
import { CryptoError } from '@/crypto/errors'
import { checkBundle, checkId } from '@/crypto/keys'
import { createKeyPair } from '@/crypto/x25519'
import { isValid, sign } from '@/crypto/xeddsa'
import { initiatorRatchet, responderRatchet } from './chains'
import { checkKyber, encapsulate, kyberPublicKey, SEED_LENGTH } from './kem'
import { parseMessage, parsePrekeyMessage } from './messages'
import type { PrekeyMessage } from './messages'
import { startPqRatchet } from './pq-ratchet'
import { initiate, respond } from './pqxdh'
import { openSession, readSession, sessionsOf, writeSession } from './records'
import type { SessionRecord } from './records'
import { decryptIn, encryptIn } from './session'
import type { Session } from './session'

export interface KyberPrekey {
  id: number
  /** 64 bytes: the pair is made anew from it when it is used. */
  seed: Bytes
  /** 1,569 bytes: 0x08, then the key */
  publicKey: Bytes
  /** 64 bytes, XEdDSA by the identity key over all of the public key */
  signature: Bytes
}

export interface Bundle extends Omit<AnyBundle, 'kemPrekey'> {
  kyberPrekey: { id: number; key: Bytes; signature: Bytes }
}

interface Exchange {
  local: Local
  remote: RemoteAddress
}

export interface StartRequest extends Exchange {
  /** What is known so far: kept inside the new record, so that late messages still decrypt. */
  record: SessionRecord | null
  bundle: Bundle
  /** The key this person is known by. Another one in the bundle is refused. */
  pinned: PublicKey
  /** Milliseconds */
  now: number
}

export interface EncryptRequest extends Exchange {
  record: SessionRecord
  plaintext: Bytes
  pinned: PublicKey
  now: number
}

export interface Encrypted {
  record: SessionRecord
  kind: EnvelopeKind
  body: Bytes
  /** Of the remote device, as the session knows it. */
  registrationId: number
}

export interface DecryptRequest extends Exchange {
  record: SessionRecord | null
  kind: EnvelopeKind
  body: Bytes
  /** Null at the first message from this person, or when their pin was lost: the open session is believed then. */
  pinned: PublicKey | null
  /** The prekey that `inspect` names; null when this device no longer has it. */
  prekey: Prekey | null
  signedPrekey: Prekey | null
  kyberPrekey: KyberPrekey | null
  /** Base keys that were used before with these very two prekeys, if the Kyber prekey is the last resort. */
  usedBaseKeys: readonly PublicKey[]
}

export interface Decrypted {
  record: SessionRecord
  plaintext: Bytes
  /** The identity the session is bound to; the caller pins it at first use. */
  identityKey: PublicKey
  /**
   * What began a session. One-time prekeys are erased together with storing the record; of a last-resort Kyber prekey
   * the base key is remembered, for as long as the prekey is kept.
   */
  used: Omit<PrekeyMessageInfo, 'identityKey' | 'registrationId'> | null
}

export type PrekeyMessageInfo = Omit<PrekeyMessage, 'kyberCiphertext' | 'message'>

/** Ids `firstId` … `firstId + count - 1`; `firstId` ≥ 1. */
export function createKyberPrekeys(
  identity: KeyPair,
  firstId: number,
  count: number,
): KyberPrekey[] {
  checkId(firstId)
  return Array.from({ length: count }, (_, at) => {
    const seed = random(SEED_LENGTH)
    const publicKey = kyberPublicKey(seed)
    return { id: firstId + at, seed, publicKey, signature: sign(identity.privateKey, publicKey) }
  })
}

export async function startSession(request: StartRequest): Promise<SessionRecord> {
  const { local, record, bundle, pinned, now } = request
  const { identityKey, signedPrekey, prekey, kyberPrekey } = bundle
  if (!equal(identityKey, pinned)) throw new CryptoError('identity_mismatch')
  checkBundle(bundle)
  checkKyber(kyberPrekey.key)
  if (!isValid(identityKey.slice(1), kyberPrekey.key, kyberPrekey.signature)) {
    throw new CryptoError('bad_signature')
  }
  const base = await createKeyPair()
  const { ciphertext, secret } = encapsulate(kyberPrekey.key)
  const theirs = {
    identity: identityKey,
    signedPrekey: signedPrekey.key,
    prekey: prekey?.key ?? null,
  }
  const keys = await initiate(local.keyPair, base, theirs, secret)
  const session: Session = {
    remoteIdentity: identityKey,
    remoteRegistrationId: bundle.registrationId,
    baseKey: base.publicKey,
    pending: {
      prekeyId: prekey?.id ?? null,
      signedPrekeyId: signedPrekey.id,
      kyberPrekeyId: kyberPrekey.id,
      kyberCiphertext: ciphertext,
      startedAt: now,
    },
    ratchet: await initiatorRatchet(keys.root, keys.chain, signedPrekey.key),
    pq: startPqRatchet(keys.pq, true),
  }
  return openSession(session, record ? sessionsOf(record) : [])
}

/** @throws CryptoError `identity_mismatch`, `stale_session` */
export async function encrypt(request: EncryptRequest): Promise<Encrypted> {
  const { local, remote, record, plaintext, pinned, now } = request
  const session = readSession(record)
  if (!equal(session.remoteIdentity, pinned)) throw new CryptoError('identity_mismatch')
  const { kind, body } = await encryptIn(session, local, remote, plaintext, now)
  const registrationId = session.remoteRegistrationId
  return { record: writeSession(session, record), kind, body, registrationId }
}

/** What a prekey message needs to be read. Nothing in it is authenticated yet. */
export function inspect(body: Bytes): PrekeyMessageInfo {
  const { kyberCiphertext: _, message: __, ...info } = parsePrekeyMessage(body)
  return info
}

export async function decrypt(request: DecryptRequest): Promise<Decrypted> {
  return request.kind === 'prekey' ? decryptPrekey(request) : decryptMessage(request)
}

export function describe(record: SessionRecord): SessionInfo {
  const { pending, remoteIdentity, remoteRegistrationId } = readSession(record)
  return {
    open: true,
    answered: pending === null,
    registrationId: remoteRegistrationId,
    identityKey: remoteIdentity,
  }
}

/** The pinned key; where nothing is pinned, that of the open session, begun when something was. */
const expected = ({ pinned, record }: DecryptRequest): PublicKey | null =>
  pinned ?? (record && readSession(record).remoteIdentity)

async function decryptPrekey(request: DecryptRequest): Promise<Decrypted> {
  const { local, remote, record } = request
  const { message, ...parsed } = parsePrekeyMessage(request.body)
  const { identityKey, baseKey } = parsed
  const pinned = expected(request)
  if (pinned && !equal(identityKey, pinned)) throw new CryptoError('identity_mismatch')
  const inner = parseMessage(message)
  const sessions = record ? sessionsOf(record) : []
  const known = sessions.find((one) => equal(readSession(one).baseKey, baseKey))
  const session = known ? readSession(known) : await sessionFor(request, parsed)
  if (!equal(session.remoteIdentity, identityKey)) throw new CryptoError('identity_mismatch')
  const plaintext = await decryptIn(session, local, remote, inner)
  const { registrationId: _, identityKey: __, kyberCiphertext: ___, ...used } = parsed
  return {
    record: replace(session, sessions, known),
    plaintext,
    identityKey,
    used: known ? null : used,
  }
}

async function decryptMessage(request: DecryptRequest): Promise<Decrypted> {
  const { local, remote, record, body } = request
  const pinned = expected(request)
  if (!record || !pinned) throw new CryptoError('no_session')
  const message = parseMessage(body)
  const sessions = sessionsOf(record)
  let failure: unknown = null
  for (const one of sessions) {
    const session = readSession(one)
    try {
      if (!equal(session.remoteIdentity, pinned)) throw new CryptoError('identity_mismatch')
      const plaintext = await decryptIn(session, local, remote, message)
      const identityKey = session.remoteIdentity
      return { record: replace(session, sessions, one), plaintext, identityKey, used: null }
    } catch (error) {
      // The session knows the message: no other one can read it.
      if (error instanceof CryptoError && error.code === 'duplicate') throw error
      failure ??= error
    }
  }
  throw failure
}

/** The record in which `session`, made of `from` unless it is new, is the open one. */
function replace(
  session: Session,
  sessions: readonly SessionRecord[],
  from: SessionRecord | undefined,
): SessionRecord {
  if (from && from === sessions[0]) return writeSession(session, from)
  return openSession(
    session,
    sessions.filter((one) => one !== from),
  )
}

/** A session that a prekey message begins. */
async function sessionFor(
  request: DecryptRequest,
  parsed: Omit<PrekeyMessage, 'message'>,
): Promise<Session> {
  const { local, prekey, signedPrekey, kyberPrekey } = request
  const { identityKey, baseKey, kyberCiphertext, registrationId } = parsed
  if (signedPrekey?.id !== parsed.signedPrekeyId) throw missing('signed prekey')
  if (kyberPrekey?.id !== parsed.kyberPrekeyId) throw missing('Kyber prekey')
  if (parsed.prekeyId !== null && prekey?.id !== parsed.prekeyId) throw missing('one-time prekey')
  if (request.usedBaseKeys.some((key) => equal(key, baseKey))) {
    throw new CryptoError('reused_base_key')
  }
  const keys = await respond(
    local.keyPair,
    signedPrekey,
    parsed.prekeyId === null ? null : prekey,
    kyberPrekey.seed,
    { identity: identityKey, base: baseKey, ciphertext: kyberCiphertext },
  )
  return {
    remoteIdentity: identityKey,
    remoteRegistrationId: registrationId,
    baseKey,
    pending: null,
    ratchet: responderRatchet(keys.root, keys.chain, signedPrekey.keyPair),
    pq: startPqRatchet(keys.pq, false),
  }
}

const missing = (what: string): CryptoError => new CryptoError('missing_prekey', `no such ${what}`)
