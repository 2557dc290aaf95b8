/**
 * The Double Ratchet of one session. Promise: each message has a seed of its own, given out once; chains of the
 * last five ratchet keys stay readable. Source: Signal, "The Double Ratchet Algorithm", sections 2, 3.5 and 5.2.
 * Differences, as in Signal's clients: the previous counter is never read, as late messages are derived from
 * their own chain; skipped seeds are kept, not message keys, as a message brings half of its key along.
 * These functions change the ratchet they are given; the caller discards it when the message fails.
 */
import { equal, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { KeyPair, PublicKey } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import { createKeyPair } from '@/crypto/protocol/keys'
import { deriveKeys, hmac } from './kdf'
import { agreement } from './pqxdh'
import { checkJump, take, trim } from './skipped'
import type { Skipped } from './skipped'

const ROOT_INFO = utf8('WhisperRatchet')
const MESSAGE_INFO = utf8('WhisperMessageKeys')
const KEPT_CHAINS = 5

export interface Chain {
  key: Bytes
  /** Of the next message. */
  index: number
}

export interface ReceivingChain extends Chain {
  ratchetKey: PublicKey
  /** Seeds. */
  skipped: Skipped
}

export interface Ratchet {
  root: Bytes
  own: KeyPair
  sending: Chain
  previousCounter: number
  /** Oldest first. */
  receiving: ReceivingChain[]
}

export interface MessageKeys {
  cipher: Bytes
  mac: Bytes
  /** 16 bytes */
  iv: Bytes
}

export function rootStep(root: Bytes, agreed: Bytes): { root: Bytes; chain: Bytes } {
  const [next, chain] = deriveKeys(root, agreed, ROOT_INFO, 2) as [Bytes, Bytes]
  return { root: next, chain }
}

export function chainStep(key: Bytes): { seed: Bytes; next: Bytes } {
  return { seed: hmac(key, Uint8Array.of(1)), next: hmac(key, Uint8Array.of(2)) }
}

export function messageKeys(seed: Bytes, pqKey: Bytes): MessageKeys {
  const [cipher, mac, iv] = deriveKeys(pqKey, seed, MESSAGE_INFO, 3) as [Bytes, Bytes, Bytes]
  return { cipher, mac, iv: iv.slice(0, 16) }
}

/** The ratchet of who begins: the other side's signed prekey is its first ratchet key. */
export async function initiatorRatchet(
  root: Bytes,
  chain: Bytes,
  theirs: PublicKey,
): Promise<Ratchet> {
  const own = await createKeyPair()
  const stepped = rootStep(root, await agreement(theirs, own))
  return {
    root: stepped.root,
    own,
    sending: { key: stepped.chain, index: 0 },
    previousCounter: 0,
    receiving: [{ ratchetKey: theirs, key: chain, index: 0, skipped: new Map() }],
  }
}

export function responderRatchet(root: Bytes, chain: Bytes, signedPrekey: KeyPair): Ratchet {
  return {
    root,
    own: signedPrekey,
    sending: { key: chain, index: 0 },
    previousCounter: 0,
    receiving: [],
  }
}

/** The seed and the counter of the next message to send. */
export function nextSeed({ sending }: Ratchet): { seed: Bytes; counter: number } {
  const { seed, next } = chainStep(sending.key)
  const counter = sending.index
  sending.key = next
  sending.index += 1
  return { seed, counter }
}

/** The seed of a received message. @throws CryptoError `duplicate`, `too_far`, `bad_key` */
export async function seedOf(
  ratchet: Ratchet,
  ratchetKey: PublicKey,
  counter: number,
): Promise<Bytes> {
  const known = ratchet.receiving.find((chain) => equal(chain.ratchetKey, ratchetKey))
  const chain = known ?? (await turn(ratchet, ratchetKey))
  if (counter < chain.index) {
    const seed = take(chain.skipped, counter)
    if (!seed) throw new CryptoError('duplicate')
    return seed
  }
  checkJump(chain.index, counter)
  for (;;) {
    const { seed, next } = chainStep(chain.key)
    chain.key = next
    chain.index += 1
    if (chain.index > counter) {
      trim(chain.skipped)
      return seed
    }
    chain.skipped.set(chain.index - 1, seed)
  }
}

/** A step of the Diffie–Hellman ratchet: a receiving chain for their key, a sending chain for a new one. */
async function turn(ratchet: Ratchet, theirs: PublicKey): Promise<ReceivingChain> {
  const received = rootStep(ratchet.root, await agreement(theirs, ratchet.own))
  const own = await createKeyPair()
  const sent = rootStep(received.root, await agreement(theirs, own))
  ratchet.root = sent.root
  ratchet.own = own
  ratchet.previousCounter = Math.max(ratchet.sending.index - 1, 0)
  ratchet.sending = { key: sent.chain, index: 0 }
  const chain = { ratchetKey: theirs, key: received.chain, index: 0, skipped: new Map() }
  ratchet.receiving = [...ratchet.receiving, chain].slice(-KEPT_CHAINS)
  return chain
}
