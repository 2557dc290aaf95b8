/**
 * The Sparse Post-Quantum Ratchet: a key for each message, out of the braid's secrets. Promise: the key of a message
 * depends on the newest epoch whose secret both sides had when it was sent. Source: Signal, "The Double Ratchet Algorithm",
 * revision 3, section 5. The functions change the ratchet they are given; the caller discards it when the message fails.
 */
import { random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { receive, send, startBraid } from './braid'
import type { Braid } from './braid'
import { decodeBraid, encodeBraid } from './braid-message'
import { addEpoch, receivingKey, sendingKey, startChains } from './epochs'
import type { EpochChains } from './epochs'

export interface PqRatchet {
  braid: Braid
  chains: EpochChains
}

export const startPqRatchet = (pqKey: Bytes, initiator: boolean): PqRatchet => ({
  braid: startBraid(pqKey, initiator),
  chains: startChains(pqKey, initiator),
})

export function sendPq(
  { braid, chains }: PqRatchet,
  draw: (length: number) => Bytes = random,
): { message: Bytes; key: Bytes } {
  const { payload, made } = send(braid, draw)
  if (made) addEpoch(chains, made)
  const { index, key } = sendingKey(chains, braid.epoch - 1)
  return { message: encodeBraid({ epoch: braid.epoch, index, payload }), key }
}

/** @throws CryptoError `bad_message`, `too_far` */
export function receivePq({ braid, chains }: PqRatchet, bytes: Bytes): Bytes {
  const message = decodeBraid(bytes)
  const made = receive(braid, message)
  if (made) addEpoch(chains, made)
  return receivingKey(chains, message.epoch - 1, message.index)
}
