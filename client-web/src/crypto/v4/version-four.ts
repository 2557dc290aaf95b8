/**
 * Signal's protocol, version 4: PQXDH, and the Double Ratchet beside the Sparse Post-Quantum Ratchet. Promise: a call
 * that throws has changed nothing, so nothing is kept unless all of a message succeeded.
 */
import { equal } from '@/crypto/bytes'
import { isValid } from '@/crypto/curve/xeddsa'
import { createKeyPair } from '@/crypto/protocol/keys'
import { CryptoError } from '@/crypto/errors'
import type {
  DecryptedIn,
  Decryption,
  ProtocolVersion,
  PublicKey,
  SessionStart,
} from '@/crypto/protocol/protocol'
import { checkBundle } from '@/crypto/protocol/keys'
import { initiatorRatchet, responderRatchet } from './chains'
import { checkKemBytes, encapsulate } from './kem'
import { startPqRatchet } from './pq-ratchet'
import { initiate, respond } from './pqxdh'
import { openSession, readSession, sessionsOf, writeSession } from './records'
import type { SessionRecord } from './records'
import { decryptIn, encryptIn } from './session'
import type { Session } from './session'
import { parsePrekeySignalMessage, parseSignalMessage } from './signal-messages'
import type { PrekeySignalMessage } from './signal-messages'

export const versionFour: ProtocolVersion<SessionRecord> = {
  startSession,

  /** @throws CryptoError `identity_mismatch`, `stale_session` */
  async encrypt({ local, remote, session: record, plaintext, pinned, now }) {
    const session = readSession(record)
    if (!equal(session.remoteIdentity, pinned)) throw new CryptoError('identity_mismatch')
    const { kind, body } = await encryptIn(session, local, remote, plaintext, now)
    return { session: writeSession(session, record), kind, body }
  },

  inspect(body) {
    const { kemCiphertext: _, message: __, ...info } = parsePrekeySignalMessage(body)
    return info
  },

  async decrypt(request) {
    return request.kind === 'prekey' ? decryptPrekey(request) : decryptMessage(request)
  },

  describe(record) {
    const { pending, remoteIdentity, remoteRegistrationId } = readSession(record)
    return {
      open: true,
      answered: pending === null,
      registrationId: remoteRegistrationId,
      identityKey: remoteIdentity,
    }
  },
}

async function startSession(request: SessionStart<SessionRecord>): Promise<SessionRecord> {
  const { local, session: record, bundle, pinned, now } = request
  const { identityKey, signedPrekey, prekey, kemPrekey } = bundle
  if (!equal(identityKey, pinned)) throw new CryptoError('identity_mismatch')
  if (!kemPrekey) throw new CryptoError('internal', 'a bundle without KEM prekey')
  checkBundle(bundle)
  checkKemBytes(kemPrekey.key)
  if (!isValid(identityKey.slice(1), kemPrekey.key, kemPrekey.signature)) {
    throw new CryptoError('bad_signature')
  }
  const base = await createKeyPair()
  const { ciphertext, secret } = encapsulate(kemPrekey.key)
  const theirs = {
    identity: identityKey,
    signedPrekey: signedPrekey.key,
    prekey: prekey?.key ?? null,
  }
  const keys = await initiate(local.keyPair, base, theirs, secret)
  const begun: Session = {
    remoteIdentity: identityKey,
    remoteRegistrationId: bundle.registrationId,
    baseKey: base.publicKey,
    pending: {
      prekeyId: prekey?.id ?? null,
      signedPrekeyId: signedPrekey.id,
      kemPrekeyId: kemPrekey.id,
      kemCiphertext: ciphertext,
      startedAt: now,
    },
    ratchet: await initiatorRatchet(keys.root, keys.chain, signedPrekey.key),
    pq: startPqRatchet(keys.pq, true),
  }
  return openSession(begun, record ? sessionsOf(record) : [])
}

/** The pinned key; where nothing is pinned, that of the open session, begun when something was. */
const expected = ({ pinned, session }: Decryption<SessionRecord>): PublicKey | null =>
  pinned ?? (session && readSession(session).remoteIdentity)

async function decryptPrekey(
  request: Decryption<SessionRecord>,
): Promise<DecryptedIn<SessionRecord>> {
  const { local, remote, session: record } = request
  const { message, ...parsed } = parsePrekeySignalMessage(request.body)
  const { identityKey, baseKey } = parsed
  const pinned = expected(request)
  if (pinned && !equal(identityKey, pinned)) throw new CryptoError('identity_mismatch')
  const inner = parseSignalMessage(message)
  const sessions = record ? sessionsOf(record) : []
  const known = sessions.find((one) => equal(readSession(one).baseKey, baseKey))
  const session = known ? readSession(known) : await sessionFor(request, parsed)
  if (!equal(session.remoteIdentity, identityKey)) throw new CryptoError('identity_mismatch')
  const plaintext = await decryptIn(session, local, remote, inner)
  const { registrationId: _, identityKey: __, kemCiphertext: ___, ...used } = parsed
  return {
    session: replace(session, sessions, known),
    plaintext,
    identityKey,
    used: known ? null : used,
  }
}

async function decryptMessage(
  request: Decryption<SessionRecord>,
): Promise<DecryptedIn<SessionRecord>> {
  const { local, remote, session: record, body } = request
  const pinned = expected(request)
  if (!record || !pinned) throw new CryptoError('no_session')
  const message = parseSignalMessage(body)
  const sessions = sessionsOf(record)
  let failure: unknown = null
  for (const one of sessions) {
    const session = readSession(one)
    try {
      if (!equal(session.remoteIdentity, pinned)) throw new CryptoError('identity_mismatch')
      const plaintext = await decryptIn(session, local, remote, message)
      const identityKey = session.remoteIdentity
      return { session: replace(session, sessions, one), plaintext, identityKey, used: null }
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
  request: Decryption<SessionRecord>,
  parsed: Omit<PrekeySignalMessage, 'message'>,
): Promise<Session> {
  const { local, prekey, signedPrekey, kemPrekey } = request
  const { identityKey, baseKey, kemCiphertext, registrationId } = parsed
  if (signedPrekey?.id !== parsed.signedPrekeyId) throw missing('signed prekey')
  if (kemPrekey?.id !== parsed.kemPrekeyId) throw missing('KEM prekey')
  if (parsed.prekeyId !== null && prekey?.id !== parsed.prekeyId) throw missing('one-time prekey')
  if (request.baseKeyUsed) throw new CryptoError('reused_base_key')
  const keys = await respond(
    local.keyPair,
    signedPrekey,
    parsed.prekeyId === null ? null : prekey,
    kemPrekey.seed,
    { identity: identityKey, base: baseKey, ciphertext: kemCiphertext },
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
