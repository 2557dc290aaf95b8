/**
 * X25519 and XEdDSA in the shape libsignal imports from `@privacyresearch/curve25519-typescript`
 * (see vite.alias.ts), over @noble/curves and, for agreements and new keys, the browser's WebCrypto
 * where it has X25519. Promises: an all-zero agreement (low-order public key) throws; `verify` returns
 * *true for an invalid signature*, as the module it replaces does.
 * Sources: RFC 7748; Signal, "The XEdDSA and VXEdDSA Signature Schemes".
 */
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, own, random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'

type Raw = ArrayBuffer | Uint8Array

const { Fp, Fn } = ed25519.Point
const PKCS8_PREFIX = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
])

/** The base point: an agreement with it is the public key (RFC 7748, section 6.1). */
const BASE = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 9 : 0))

let native: Promise<boolean> | null = null
function hasNative(): Promise<boolean> {
  native ??= crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']).then(
    () => true,
    () => false,
  )
  return native
}

export function clamp(privateKey: Raw): Bytes {
  const key = own(privateKey)
  key[0] = (key[0] as number) & 248
  key[31] = ((key[31] as number) & 127) | 64
  return key
}

/** Throws for a low-order public key: the shared secret would be known to everyone. */
export async function agree(publicKey: Raw, privateKey: Raw): Promise<Bytes> {
  const [theirs, ours] = [own(publicKey), own(privateKey)]
  if (!(await hasNative())) return x25519.getSharedSecret(ours, theirs) as Bytes
  const [mine, peer] = await Promise.all([
    crypto.subtle.importKey('pkcs8', concat(PKCS8_PREFIX, ours), { name: 'X25519' }, false, [
      'deriveBits',
    ]),
    crypto.subtle.importKey('raw', theirs, { name: 'X25519' }, false, []),
  ])
  const bits = await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, mine, 256)
  const secret = new Uint8Array(bits)
  if (secret.every((byte) => byte === 0)) throw new Error('Invalid public key')
  return secret
}

const toScalar = (bytes: Uint8Array): bigint =>
  Fn.create(bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n))

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

export function isValid(publicKey: Raw, message: Raw, signature: Raw): boolean {
  try {
    const u = Fp.create(Fp.fromBytes(maskTop(own(publicKey))))
    const y = Fp.toBytes(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE))))
    const plain = own(signature)
    y[31] = (y[31] as number) | ((plain[63] as number) & 0x80)
    plain[63] = (plain[63] as number) & 0x7f
    return ed25519.verify(plain, own(message), y, { zip215: false })
  } catch {
    return false
  }
}

function maskTop(key: Bytes): Bytes {
  key[31] = (key[31] as number) & 127
  return key
}

export function keyPair(privateKey: Raw): { pubKey: ArrayBuffer; privKey: ArrayBuffer } {
  const key = clamp(privateKey)
  return { pubKey: own(x25519.getPublicKey(key)).buffer, privKey: key.buffer }
}

/** The synchronous half of the replaced module; libsignal's default export only names it. */
export const Curve25519Wrapper = {}

export class AsyncCurve25519Wrapper {
  async keyPair(privateKey: ArrayBuffer): Promise<{ pubKey: ArrayBuffer; privKey: ArrayBuffer }> {
    // A hundred one-time keys are made at once: natively in a third of the time.
    if (!(await hasNative())) return keyPair(privateKey)
    const key = clamp(privateKey)
    return { pubKey: (await agree(BASE, key)).buffer, privKey: key.buffer }
  }
  async sharedSecret(publicKey: ArrayBuffer, privateKey: ArrayBuffer): Promise<ArrayBuffer> {
    return (await agree(publicKey, privateKey)).buffer
  }
  async sign(privateKey: ArrayBuffer, message: ArrayBuffer): Promise<ArrayBuffer> {
    return sign(privateKey, message).buffer
  }
  async verify(publicKey: ArrayBuffer, message: ArrayBuffer, signature: ArrayBuffer) {
    return !isValid(publicKey, message, signature)
  }
}
