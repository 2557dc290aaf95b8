/**
 * Keys of skipped messages by number, oldest first, for both ratchets. Promise: each key is returned once. Source:
 * Signal, "The Double Ratchet Algorithm", section 2.6.
 */
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

export type Skipped = Map<number, Bytes>

/** How far ahead a message may be. This is the official limit; here it also holds for one's own devices. */
export const MAX_JUMP = 25_000
/** Skipped keys kept per chain. */
export const KEPT_KEYS = 2000

/** Returns null if the key was returned before, or was too old to keep. */
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
