/**
 * X25519 and XEdDSA with the interface of `@privacyresearch/curve25519-typescript`, which libsignal imports (see
 * vite.alias.ts). `verify` returns *true for an invalid signature*, as in the replaced module.
 */
import { agree, clamp, publicKeyOf } from '@/crypto/curve/x25519'
import { isValid, sign } from '@/crypto/curve/xeddsa'

/** The synchronous half of the replaced module. libsignal only imports its name. */
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
