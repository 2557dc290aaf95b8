import { ed25519 } from '@noble/curves/ed25519.js'

/** Ed25519 (RFC 8032). False for everything but this key's signature of `message`; never throws. */
export function isSigned(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, key, { zip215: false })
  } catch {
    return false
  }
}
