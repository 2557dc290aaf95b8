/**
 * Keys of messages that were skipped, by number, oldest first. Promise: each is given out once. Both ratchets
 * keep them. Source: Signal, "The Double Ratchet Algorithm", section 2.6.
 */
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

export type Skipped = Map<number, Bytes>

/** How many numbers a message may be ahead. The official limit; it holds for one's own devices here, too. */
export const MAX_JUMP = 25_000
/** How many skipped keys a chain keeps. */
export const KEPT_KEYS = 2000

/** Null if it was given out, or was too old to keep. */
export function take(skipped: Skipped, number: number): Bytes | null {
  const key = skipped.get(number) ?? null
  skipped.delete(number)
  return key
}

/** @throws CryptoError `too_far` */
export function checkJump(from: number, to: number): void {
  if (to - from > MAX_JUMP) throw new CryptoError('too_far')
}

/** Drops all but the newest `KEPT_KEYS`. */
export function trim(skipped: Skipped): void {
  for (const number of skipped.keys()) {
    if (skipped.size <= KEPT_KEYS) return
    skipped.delete(number)
  }
}
