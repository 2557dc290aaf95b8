/**
 * Signal's numeric fingerprint (libsignal, NumericFingerprintGenerator): 5,200 rounds of SHA-512
 * over each side's key and id, thirty digits each, the smaller half first, so that both people
 * see the same sixty digits. The id is the user's UUID.
 */
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '@/crypto/bytes'
import type { SafetyNumberSide } from '@/crypto/protocol/protocol'

const ROUNDS = 5200
const VERSION = Uint8Array.of(0, 0)
const QR_PREFIX = 'sealstream:safety?n='

/** Sixty digits. Takes half a second: the page asks the engine, in its thread, for it. */
export function safetyNumber(a: SafetyNumberSide, b: SafetyNumberSide): string {
  return [half(a), half(b)].sort().join('')
}

function half({ userId, identityKey }: SafetyNumberSide): string {
  let hash: Uint8Array = concat(VERSION, identityKey, utf8(userId))
  for (let round = 0; round < ROUNDS; round++) hash = sha512(concat(hash, identityKey))
  let digits = ''
  for (let i = 0; i < 30; i += 5) {
    const chunk = hash.subarray(i, i + 5).reduce((sum, byte) => sum * 256 + byte, 0)
    digits += String(chunk % 100_000).padStart(5, '0')
  }
  return digits
}

export const safetyQr = (digits: string): string => QR_PREFIX + digits

/** Null for anything but a safety number's QR content. */
export function parseSafetyQr(content: string): string | null {
  const match = /^sealstream:safety\?n=(\d{60})$/i.exec(content.trim())
  return match?.[1] ?? null
}
