/** HKDF and HMAC with SHA-256 (RFC 5869, RFC 2104), for all derivations of the protocol. */
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'

export const NO_SALT: Bytes = new Uint8Array(32)

/** `count` keys of 32 bytes. */
export function deriveKeys(
  salt: Uint8Array,
  secret: Uint8Array,
  info: Uint8Array,
  count: number,
): Bytes[] {
  const all = hkdf(sha256, secret, salt, info, 32 * count)
  return Array.from({ length: count }, (_, at) => own(all.subarray(32 * at, 32 * at + 32)))
}

export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes {
  return own(nobleHmac(sha256, key, concat(...parts)))
}

export function u32be(value: number): Bytes {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** `value`: an integer below 2^53. */
export const u64be = (value: number): Bytes =>
  concat(u32be(Math.floor(value / 2 ** 32)), u32be(value % 2 ** 32))
