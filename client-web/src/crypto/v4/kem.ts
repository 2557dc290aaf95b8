/**
 * The KEM of PQXDH: Kyber-1024 of round 3 (type byte 0x08), on ML-KEM-1024 (FIPS 203). The two differ, as seen
 * from outside, only in the last derivation of the secret: round 3 hashes ML-KEM's secret with the ciphertext.
 * Promise: secrets equal those of any implementation of round 3 for honest ciphertexts; for others both are random.
 * Source: "CRYSTALS-Kyber, Algorithm Specifications and Supporting Documentation", version 3.02, algorithms 8 and 9.
 */
import { sha3_256, shake256 } from '@noble/hashes/sha3.js'
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js'
import { concat, own, random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

const TYPE = 0x08
const LENGTH = 1 + 1568
/** FIPS 203's `d | z`: all that is kept of a key pair. */
export const SEED_LENGTH = 64

/** @throws CryptoError `bad_key` unless it is 1,569 bytes of type 0x08 */
export function checkKemBytes(bytes: Uint8Array): void {
  if (bytes.length !== LENGTH || bytes[0] !== TYPE) throw new CryptoError('bad_key', 'not Kyber')
}

const typed = (raw: Uint8Array): Bytes => concat(Uint8Array.of(TYPE), raw)

const kyberSecret = (mlKemSecret: Uint8Array, ciphertext: Uint8Array): Bytes =>
  own(shake256(concat(mlKemSecret, sha3_256(ciphertext)), { dkLen: 32 }))

/** 1,569 bytes. */
export function kemPublicKey(seed: Bytes): Bytes {
  return typed(ml_kem1024.keygen(seed).publicKey)
}

/** @throws CryptoError `bad_key` */
export function encapsulate(
  publicKey: Bytes,
  randomness: Bytes = random(32),
): { ciphertext: Bytes; secret: Bytes } {
  checkKemBytes(publicKey)
  try {
    const { cipherText, sharedSecret } = ml_kem1024.encapsulate(publicKey.slice(1), randomness)
    return { ciphertext: typed(cipherText), secret: kyberSecret(sharedSecret, cipherText) }
  } catch (cause) {
    throw new CryptoError('bad_key', 'not a canonical Kyber key', { cause })
  }
}

/** @throws CryptoError `bad_key` */
export function decapsulate(seed: Bytes, ciphertext: Bytes): Bytes {
  checkKemBytes(ciphertext)
  const raw = ciphertext.slice(1)
  return kyberSecret(ml_kem1024.decapsulate(raw, ml_kem1024.keygen(seed).secretKey), raw)
}
