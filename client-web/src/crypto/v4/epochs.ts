/**
 * Key chains of the post-quantum ratchet: two per epoch, one for each direction. Promise: each index of a chain
 * gives one key, once. Only the epoch used for sending, the one before it and later ones are kept. Source: Signal,
 * "The Double Ratchet Algorithm", revision 3, section 5. The functions change the given chains.
 */
import { concat, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import type { EpochSecret } from './braid'
import { deriveKeys, NO_SALT, u32be } from './kdf'
import { checkJump, KEPT_KEYS, take } from './skipped'
import type { Skipped } from './skipped'

/** Two spaces, as in Signal's clients. */
const START = utf8('Signal PQ Ratchet V1 Chain  Start')
const ADD = utf8('Signal PQ Ratchet V1 Chain Add Epoch')
const NEXT = utf8('Signal PQ Ratchet V1 Chain Next')
const KEPT_BEFORE = 1

interface Numbered {
  /** Index of the last derived key. */
  counter: number
  key: Bytes
}

export interface EpochChain {
  /** Null once a later epoch is used for sending. */
  sending: Numbered | null
  receiving: Numbered & { skipped: Skipped }
}

export interface EpochChains {
  initiator: boolean
  root: Bytes
  /** The newest epoch, that of the last of `links`. */
  epoch: number
  sendingEpoch: number
  links: EpochChain[]
}

export function startChains(pqKey: Bytes, initiator: boolean): EpochChains {
  const { root, link } = derive(NO_SALT, pqKey, START, initiator)
  return { initiator, root, epoch: 0, sendingEpoch: 0, links: [link] }
}

export function addEpoch(chains: EpochChains, { epoch, secret }: EpochSecret): void {
  if (epoch !== chains.epoch + 1) throw new CryptoError('internal', 'epochs out of order')
  const { root, link } = derive(chains.root, secret, ADD, chains.initiator)
  chains.root = root
  chains.epoch = epoch
  chains.links = [...chains.links, link]
}

export function sendingKey(chains: EpochChains, epoch: number): { index: number; key: Bytes } {
  if (epoch < chains.sendingEpoch) throw new CryptoError('internal', 'the sending epoch decreased')
  if (epoch > chains.sendingEpoch) {
    chains.sendingEpoch = epoch
    const first = Math.max(positionOf(chains, epoch) - KEPT_BEFORE, 0)
    chains.links = chains.links.slice(first)
    const current = positionOf(chains, epoch)
    for (const link of chains.links.slice(0, current)) link.sending = null
  }
  const { sending } = chains.links[positionOf(chains, epoch)] as EpochChain
  if (!sending) throw new CryptoError('internal', 'a sending chain that was wiped')
  const key = step(sending)
  return { index: sending.counter, key }
}

/** @throws CryptoError `too_far`; `bad_message` for an epoch that is not kept or a key that was returned before */
export function receivingKey(chains: EpochChains, epoch: number, index: number): Bytes {
  const { receiving } = chains.links[positionOf(chains, epoch)] as EpochChain
  if (index <= receiving.counter) {
    const key = take(receiving.skipped, index)
    // Not `duplicate`: the message may belong to another session, which is tried next.
    if (!key) throw new CryptoError('bad_message', `no key for number ${index}`)
    return key
  }
  checkJump(receiving.counter, index)
  for (;;) {
    const key = step(receiving)
    if (receiving.counter === index) {
      forget(receiving)
      return key
    }
    receiving.skipped.set(receiving.counter, key)
  }
}

function derive(salt: Bytes, secret: Bytes, info: Bytes, initiator: boolean) {
  const [root, toResponder, toInitiator] = deriveKeys(salt, secret, info, 3) as [
    Bytes,
    Bytes,
    Bytes,
  ]
  const [sent, received] = initiator ? [toResponder, toInitiator] : [toInitiator, toResponder]
  const link: EpochChain = {
    sending: { counter: 0, key: sent },
    receiving: { counter: 0, key: received, skipped: new Map() },
  }
  return { root, link }
}

function step(chain: Numbered): Bytes {
  const info = concat(u32be(chain.counter + 1), NEXT)
  const [next, key] = deriveKeys(NO_SALT, chain.key, info, 2) as [Bytes, Bytes]
  chain.key = next
  chain.counter += 1
  return key
}

function forget({ counter, skipped }: EpochChain['receiving']): void {
  for (const number of skipped.keys()) {
    if (number + KEPT_KEYS >= counter) return
    skipped.delete(number)
  }
}

function positionOf({ links, epoch: newest }: EpochChains, epoch: number): number {
  const position = links.length - 1 - (newest - epoch)
  if (position < 0 || position >= links.length) {
    throw new CryptoError('bad_message', `no chain for epoch ${epoch}`)
  }
  return position
}
