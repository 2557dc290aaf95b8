/**
 * Diffie–Hellman on Curve25519 (RFC 7748), through WebCrypto where it has X25519, else through @noble/curves.
 * Promises: an all-zero agreement (low-order public key) throws. Keys are the 32 raw bytes, without
 * the type byte 0x05.
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { concat, own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'

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

export function clamp(privateKey: ArrayBuffer | Uint8Array): Bytes {
  const key = own(privateKey)
  key[0] = (key[0] as number) & 248
  key[31] = ((key[31] as number) & 127) | 64
  return key
}

/** Throws for a low-order public key: the shared secret would be known to everyone. */
export async function agree(
  publicKey: ArrayBuffer | Uint8Array,
  privateKey: ArrayBuffer | Uint8Array,
): Promise<Bytes> {
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

/** The public key of a clamped private key. */
export async function publicKeyOf(privateKey: Bytes): Promise<Bytes> {
  // A hundred one-time keys are made at once: natively in a third of the time.
  return (await hasNative()) ? agree(BASE, privateKey) : own(x25519.getPublicKey(privateKey))
}
