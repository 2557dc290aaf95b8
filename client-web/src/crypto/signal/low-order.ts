/**
 * The points of small order on Curve25519 (RFC 7748, section 6.1; Bernstein, "Curve25519", "What
 * should a Diffie–Hellman function do with bad keys"), and their encodings above the prime: an
 * agreement with one of them is known to everyone.
 */
const P = 2n ** 255n - 19n
const ORDER_EIGHT = [
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]
const small = new Set([0n, 1n, P - 1n, ...ORDER_EIGHT])

/** `key`: 32 bytes, little endian; the top bit is ignored, as X25519 does. */
export function isLowOrder(key: Uint8Array): boolean {
  const value = key.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return small.has((value & (2n ** 255n - 1n)) % P)
}
