/**
 * Signatures with X25519 keys. Source: Signal, "The XEdDSA and VXEdDSA Signature Schemes", with the one
 * difference that all of Signal's clients have: the sign of the Edwards point travels in the top bit of the
 * signature, where the paper fixes it to 0 and negates the key.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, own, random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { edwardsY } from './public-key'
import { clamp } from './x25519'

type Raw = ArrayBuffer | Uint8Array

const { Fn } = ed25519.Point

const toScalar = (bytes: Uint8Array): bigint =>
  Fn.create(bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n))

/** 64 bytes. */
export function sign(privateKey: Raw, message: Raw): Bytes {
  const key = clamp(privateKey)
  const text = own(message)
  const scalar = toScalar(key)
  const publicKey = ed25519.Point.BASE.multiply(scalar).toBytes()
  const prefix = new Uint8Array(32).fill(0xff)
  prefix[0] = 0xfe
  const nonce = toScalar(sha512(concat(prefix, key, text, random(64))))
  const commitment = ed25519.Point.BASE.multiply(nonce).toBytes()
  const challenge = toScalar(sha512(concat(commitment, publicKey, text)))
  const response = Fn.toBytes(Fn.create(nonce + challenge * scalar))
  const signature = concat(commitment, response)
  // The Montgomery key lost the sign of the Edwards point; it travels in the last free bit.
  signature[63] = ((signature[63] as number) & 0x7f) | ((publicKey[31] as number) & 0x80)
  return signature
}

/** `publicKey`: the 32 bytes without their type. Never throws. */
export function isValid(publicKey: Raw, message: Raw, signature: Raw): boolean {
  try {
    const y = edwardsY(own(publicKey))
    const plain = own(signature)
    y[31] = (y[31] as number) | ((plain[63] as number) & 0x80)
    plain[63] = (plain[63] as number) & 0x7f
    return ed25519.verify(plain, own(message), y, { zip215: false })
  } catch {
    return false
  }
}
