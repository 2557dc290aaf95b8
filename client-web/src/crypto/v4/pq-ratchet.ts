/**
 * The Sparse Post-Quantum Ratchet: a key for each message, out of the braid's secrets. Promise: the key of a message
 * depends on the newest epoch whose secret both sides had when it was sent. Source: Signal, "The Double Ratchet Algorithm",
 * revision 3, section 5. The functions change the ratchet they are given; the caller discards it when the message fails.
 */
import { random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { receive, send, startBraid } from './braid'
import type { Braid } from './braid'
import { decodeBraidMessage, encodeBraidMessage } from './braid-message'
import { addEpoch, receivingKey, sendingKey, startChains } from './epochs'
import type { EpochChains } from './epochs'

export interface PqRatchet {
  braid: Braid
  chains: EpochChains
  /**
   * Until a message of our version was read the other side may write a later one. It gets keys of the first epoch
   * then, as there was no exchange that could have made another, and goes down to our version once it reads us.
   */
  negotiating: boolean
}

export const startPqRatchet = (pqKey: Bytes, initiator: boolean): PqRatchet => ({
  braid: startBraid(pqKey, initiator),
  chains: startChains(pqKey, initiator),
  negotiating: true,
})

export function sendPq(
  { braid, chains }: PqRatchet,
  draw: (length: number) => Bytes = random,
): { message: Bytes; key: Bytes } {
  const { payload, made } = send(braid, draw)
  if (made) addEpoch(chains, made)
  const { index, key } = sendingKey(chains, braid.epoch - 1)
  return { message: encodeBraidMessage({ epoch: braid.epoch, index, payload }), key }
}

/** @throws CryptoError `bad_message`, `too_far` */
export function receivePq(ratchet: PqRatchet, bytes: Bytes): Bytes {
  const { braid, chains, negotiating } = ratchet
  const message = decodeBraidMessage(bytes)
  if (message.later) {
    if (!negotiating) throw new CryptoError('bad_message', 'another version within a session')
    return receivingKey(chains, 0, message.index)
  }
  ratchet.negotiating = false
  const made = receive(braid, message)
  if (made) addEpoch(chains, made)
  return receivingKey(chains, message.epoch - 1, message.index)
}
