/**
 * X25519 and XEdDSA in the shape libsignal imports from `@privacyresearch/curve25519-typescript`
 * (see vite.alias.ts). Promise: `verify` returns *true for an invalid signature*, as the module it replaces does.
 */
import { agree, clamp, publicKeyOf } from '@/crypto/curve/x25519'
import { isValid, sign } from '@/crypto/curve/xeddsa'

/** The synchronous half of the replaced module; libsignal's default export only names it. */
export const Curve25519Wrapper = {}

export class AsyncCurve25519Wrapper {
  async keyPair(privateKey: ArrayBuffer): Promise<{ pubKey: ArrayBuffer; privKey: ArrayBuffer }> {
    const key = clamp(privateKey)
    return { pubKey: (await publicKeyOf(key)).buffer, privKey: key.buffer }
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
