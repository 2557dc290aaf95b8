/**
 * ML-KEM-768 (FIPS 203) with public key and ciphertext in two parts each. Promise: the two parts of the ciphertext
 * concatenated, and the secret, are those of FIPS 203. `header` is rho (32 bytes) | SHA3-256 of the public key;
 * `vector` is the rest of the public key. Source: Signal, "The ML-KEM Braid Protocol", incremental KEM; FIPS 203,
 * algorithms 5 to 14, whose inner steps come from @noble/post-quantum.
 */
import { sha3_256, sha3_512, shake256 } from '@noble/hashes/sha3.js'
import { genCrystals, XOF128 } from '@noble/post-quantum/_crystals.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { concat, equal, own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

export const HEADER_LENGTH = 64
export const VECTOR_LENGTH = 1152
/** Of the ciphertext's two parts. */
export const CT1_LENGTH = 960
export const CT2_LENGTH = 128

const K = 3
const N = 256
const Q = 3329

type Polynomial = Uint16Array

const { mod, nttZetas, NTT, bitsCoder } = genCrystals<Uint16Array>({
  N,
  Q,
  F: 3303,
  ROOT_OF_UNITY: 17,
  newPoly: (length) => new Uint16Array(length),
  brvBits: 7,
  isKyber: true,
})

/** FIPS 203, equations 4.7 and 4.8, with the byte coders of algorithms 5 and 6. */
const compressed = (bits: number) =>
  bitsCoder(bits, {
    encode: (x) => Math.floor((x * 2 ** bits + (Q - 1) / 2) / Q),
    decode: (x) => (x * Q + 2 ** (bits - 1)) >> bits,
  })
const [coder1, coder4, coder10] = [compressed(1), compressed(4), compressed(10)]
/** Decoding reduces, so that a vector that is not canonical does not encode to itself. */
const coder12 = bitsCoder(12, { encode: (x) => x, decode: (x) => x % Q })

/** A key pair. `seed`: FIPS 203's `d | z`. */
export function generate(seed: Bytes): { header: Bytes; vector: Bytes } {
  const { publicKey } = ml_kem768.keygen(seed)
  const vector = own(publicKey.subarray(0, VECTOR_LENGTH))
  return { header: headerOf(vector, publicKey.subarray(VECTOR_LENGTH)), vector }
}

export const headerOf = (vector: Bytes, rho: Uint8Array): Bytes =>
  concat(rho, sha3_256(concat(vector, rho)))

export function decapsulate(seed: Bytes, ct1: Bytes, ct2: Bytes): Bytes {
  return own(ml_kem768.decapsulate(concat(ct1, ct2), ml_kem768.keygen(seed).secretKey))
}

/** The first part and the shared secret, from the header alone. `message`: 32 random bytes. */
export function encapsulateHeader(header: Bytes, message: Bytes): { ct1: Bytes; secret: Bytes } {
  const { secret, randomness } = expand(header, message)
  const y = blinding(randomness)
  const xof = XOF128(header.subarray(0, 32))
  const parts = Array.from({ length: K }, (_, row) => {
    const sum = new Uint16Array(N)
    y.forEach((one, column) => add(sum, product(uniform(xof.get(row, column)), one)))
    return coder10.encode(add(NTT.decode(sum), noise(randomness, K + row)))
  })
  return { ct1: concat(...parts), secret }
}

/**
 * The second part, once the vector has arrived. @throws CryptoError `bad_message` if the vector does not match the
 * header, or is not canonical
 */
export function encapsulateVector(header: Bytes, message: Bytes, vector: Bytes): Bytes {
  if (!equal(headerOf(vector, header.subarray(0, 32)), header)) {
    throw new CryptoError('bad_message', 'the vector is not the one in the header')
  }
  const t = Array.from({ length: K }, (_, at) =>
    coder12.decode(vector.slice(384 * at, 384 * at + 384)),
  )
  if (!equal(concat(...t.map((one) => coder12.encode(one))), vector)) {
    throw new CryptoError('bad_message', 'the vector is not canonical')
  }
  const { randomness } = expand(header, message)
  const sum = new Uint16Array(N)
  blinding(randomness).forEach((one, at) => add(sum, product(t[at] as Polynomial, one)))
  const v = add(add(NTT.decode(sum), noise(randomness, 2 * K)), coder1.decode(own(message)))
  return own(coder4.encode(v))
}

function expand(header: Bytes, message: Bytes): { secret: Bytes; randomness: Bytes } {
  const both = sha3_512(concat(message, header.subarray(32)))
  return { secret: own(both.subarray(0, 32)), randomness: own(both.subarray(32)) }
}

/** FIPS 203's vector y after the NTT. */
const blinding = (randomness: Bytes): Polynomial[] =>
  Array.from({ length: K }, (_, at) => NTT.encode(noise(randomness, at)))

/** FIPS 203, algorithm 8 for eta = 2: differences of two sums of two bits. */
function noise(randomness: Bytes, nonce: number): Polynomial {
  const bits = shake256(concat(randomness, Uint8Array.of(nonce)), { dkLen: N / 2 })
  return Uint16Array.from({ length: N }, (_, at) => {
    const four = (bits[at >> 1] as number) >> (4 * (at & 1))
    return mod((four & 1) + ((four >> 1) & 1) - ((four >> 2) & 1) - ((four >> 3) & 1))
  })
}

/** FIPS 203, algorithm 7. */
function uniform(next: () => Uint8Array): Polynomial {
  const polynomial = new Uint16Array(N)
  for (let count = 0; count < N;) {
    const block = next()
    for (let at = 0; at + 2 < block.length; at += 3) {
      const [a, b, c] = [block[at], block[at + 1], block[at + 2]] as [number, number, number]
      for (const value of [a | ((b & 15) << 8), (b >> 4) | (c << 4)]) {
        if (value < Q && count < N) polynomial[count++] = value
      }
    }
  }
  return polynomial
}

/** Changes `sum`, because each polynomial here is used once. */
function add(sum: Polynomial, other: Polynomial): Polynomial {
  for (let at = 0; at < N; at++) sum[at] = mod((sum[at] as number) + (other[at] as number))
  return sum
}

/** FIPS 203, algorithms 11 and 12. */
function product(f: Polynomial, g: Polynomial): Polynomial {
  const result = new Uint16Array(N)
  for (let at = 0; at < N; at += 2) {
    const zeta = (nttZetas[64 + (at >> 2)] as number) * (at & 2 ? -1 : 1)
    const [f0, f1, g0, g1] = [f[at], f[at + 1], g[at], g[at + 1]] as [
      number,
      number,
      number,
      number,
    ]
    result[at] = mod(f0 * g0 + mod(f1 * g1) * zeta)
    result[at + 1] = mod(f0 * g1 + f1 * g0)
  }
  return result
}
