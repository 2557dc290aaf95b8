/** Messages of version 4 that no honest device writes, under keys that are right. */
import { concat, own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { messageKeys, nextSeed } from '@/crypto/v4/chains'
import { hmac } from '@/crypto/v4/kdf'
import {
  encodeAddresses,
  encodePrekeySignalMessage,
  parsePrekeySignalMessage,
} from '@/crypto/v4/signal-messages'
import type { PrekeySignalMessage } from '@/crypto/v4/signal-messages'
import { sendPq } from '@/crypto/v4/pq-ratchet'
import { encodeFields } from '@/crypto/v4/protobuf'
import type { Field } from '@/crypto/v4/protobuf'
import { readSession } from '@/crypto/v4/records'
import type { Device, Letter, OurDevice } from './device'

/** A letter as `from` would write it next, with its fields changed before the MAC is made. `from` keeps nothing. */
export async function withFields(
  from: OurDevice,
  to: Device,
  plaintext: Bytes,
  change: (fields: Field[]) => Field[],
): Promise<Letter> {
  const { record, local } = from
  if (!record) throw new Error('no session')
  const { ratchet, pq, pending, remoteIdentity, baseKey } = readSession(record)
  const { message: pqRatchet, key: pqKey } = sendPq(pq)
  const { seed, counter } = nextSeed(ratchet)
  const { cipher, mac, iv } = messageKeys(seed, pqKey)
  const key = await crypto.subtle.importKey('raw', cipher, 'AES-CBC', false, ['encrypt'])
  const ciphertext = own(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, plaintext))
  const fields: Field[] = [
    [1, ratchet.own.publicKey],
    [2, counter],
    [3, ratchet.previousCounter],
    [4, ciphertext],
    [5, pqRatchet],
    [6, pending && encodeAddresses(local.address, to.address)],
  ]
  const covered = concat(Uint8Array.of(0x44), encodeFields(...change(fields)))
  const tag = hmac(mac, local.keyPair.publicKey, remoteIdentity, covered).subarray(0, 8)
  const message = concat(covered, tag)
  if (!pending) return { kind: 'message', body: message }
  const { registrationId, keyPair } = local
  const whole = { ...pending, registrationId, baseKey, identityKey: keyPair.publicKey, message }
  return { kind: 'prekey', body: encodePrekeySignalMessage(whole) }
}

/** The same prekey message with some of its own fields, which no MAC covers, changed. */
export function rewrapped({ body }: Letter, change: Partial<PrekeySignalMessage>): Letter {
  return {
    kind: 'prekey',
    body: encodePrekeySignalMessage({ ...parsePrekeySignalMessage(body), ...change }),
  }
}

export function flipped(letter: Letter, at: number, bit: number): Letter {
  const body = own(letter.body)
  body[at] = (body[at] as number) ^ (1 << bit)
  return { ...letter, body }
}
