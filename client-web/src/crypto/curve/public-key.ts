/**
 * Which points of Curve25519 are refused as public keys. Sources: RFC 7748, section 6.1; Bernstein,
 * "Curve25519", "What should a Diffie–Hellman function do with bad keys".
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

const { Fp } = ed25519.Point
const P = 2n ** 255n - 19n
const ORDER_EIGHT = [
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]
const small = new Set([0n, 1n, P - 1n, ...ORDER_EIGHT])

const numberOf = (key: Uint8Array): bigint =>
  key.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/**
 * An agreement with such a point, in this or another encoding, is known to everyone.
 * `key`: 32 bytes, little endian; the top bit is ignored, as X25519 does.
 */
function isLowOrder(key: Uint8Array): boolean {
  return small.has((numberOf(key) & (2n ** 255n - 1n)) % P)
}

/** @throws CryptoError `bad_key` unless it is 33 bytes, type 0x05, not of low order */
export function checkPublicKey(key: Uint8Array | undefined): void {
  if (key?.length !== 33 || key[0] !== 5) throw new CryptoError('bad_key', 'not a public key')
  if (isLowOrder(key.subarray(1))) throw new CryptoError('bad_key', 'low-order point')
}

/** The y coordinate, sign 0, of the Edwards point with this Montgomery u. Throws for u = -1. */
export function edwardsY(key: Bytes): Bytes {
  const masked = own(key)
  masked[31] = (masked[31] as number) & 127
  const u = Fp.create(Fp.fromBytes(masked))
  return own(Fp.toBytes(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE)))))
}

/** Whether the 32 bytes are the one encoding of a point of the prime-order subgroup. */
export function isCanonicalAndTorsionFree(key: Bytes): boolean {
  if (numberOf(key) >= P) return false
  try {
    return ed25519.Point.fromBytes(edwardsY(key)).isTorsionFree()
  } catch {
    return false
  }
}
