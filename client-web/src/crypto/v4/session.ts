/**
 * One session: both ratchets side by side, and the message keys that they make together. Promise: a message is read
 * only if its MAC, its addresses and its ciphertext are right. Source: Signal, "The Double Ratchet Algorithm", revision 3,
 * sections 5 and 6. The functions change the session they are given; the caller discards it when the message fails.
 */
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { Local, PublicKey, DeviceAddress } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import { messageKeys, nextSeed, seedOf } from './chains'
import type { MessageKeys, Ratchet } from './chains'
import {
  checkAddresses,
  checkMac,
  encodeAddresses,
  encodeSignalMessage,
  encodePrekeySignalMessage,
} from './signal-messages'
import type { ReceivedSignalMessage } from './signal-messages'
import { receivePq, sendPq } from './pq-ratchet'
import type { PqRatchet } from './pq-ratchet'

/** After this long without an answer a session is begun anew: the other side's prekeys may be gone. */
const UNANSWERED_MS = 30 * 24 * 3600 * 1000

/** What every message repeats until the other side has answered. */
export interface Pending {
  prekeyId: number | null
  signedPrekeyId: number
  kemPrekeyId: number
  kemCiphertext: Bytes
  startedAt: number
}

export interface Session {
  remoteIdentity: PublicKey
  remoteRegistrationId: number
  baseKey: PublicKey
  pending: Pending | null
  ratchet: Ratchet
  pq: PqRatchet
}

/** @throws CryptoError `stale_session` */
export async function encryptIn(
  session: Session,
  local: Local,
  remote: DeviceAddress,
  plaintext: Bytes,
  now: number,
): Promise<{ kind: 'prekey' | 'message'; body: Bytes }> {
  const { pending, ratchet, remoteIdentity } = session
  if (pending && now - pending.startedAt > UNANSWERED_MS) throw new CryptoError('stale_session')
  const pq = sendPq(session.pq)
  const { seed, counter } = nextSeed(ratchet)
  const keys = messageKeys(seed, pq.key)
  const message = encodeSignalMessage(
    {
      ratchetKey: ratchet.own.publicKey,
      counter,
      previousCounter: ratchet.previousCounter,
      ciphertext: own(await crypto.subtle.encrypt(...(await aes(keys, 'encrypt')), plaintext)),
      pqRatchet: pq.message,
      addresses: pending && encodeAddresses(local.address, remote),
    },
    keys.mac,
    { sender: local.keyPair.publicKey, receiver: remoteIdentity },
  )
  if (!pending) return { kind: 'message', body: message }
  const { registrationId, keyPair } = local
  const { baseKey } = session
  const whole = { ...pending, registrationId, baseKey, identityKey: keyPair.publicKey, message }
  return { kind: 'prekey', body: encodePrekeySignalMessage(whole) }
}

/** @throws CryptoError `bad_message`, `bad_key`, `duplicate`, `too_far` */
export async function decryptIn(
  session: Session,
  local: Local,
  remote: DeviceAddress,
  message: ReceivedSignalMessage,
): Promise<Bytes> {
  const seed = await seedOf(session.ratchet, message.ratchetKey, message.counter)
  const keys = messageKeys(seed, receivePq(session.pq, message.pqRatchet))
  checkMac(message, keys.mac, {
    sender: session.remoteIdentity,
    receiver: local.keyPair.publicKey,
  })
  checkAddresses(message, remote, local.address)
  session.pending = null
  try {
    const [algorithm, key] = await aes(keys, 'decrypt')
    return own(await crypto.subtle.decrypt(algorithm, key, message.ciphertext))
  } catch (cause) {
    throw new CryptoError('bad_message', 'wrong padding', { cause })
  }
}

async function aes(
  { cipher, iv }: MessageKeys,
  use: 'encrypt' | 'decrypt',
): Promise<[AesCbcParams, CryptoKey]> {
  return [
    { name: 'AES-CBC', iv },
    await crypto.subtle.importKey('raw', cipher, 'AES-CBC', false, [use]),
  ]
}
