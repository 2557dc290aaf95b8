import { ed25519 } from '@noble/curves/ed25519.js'

/** Returns whether `signature` is this key's signature of `message`: Ed25519 (RFC 8032). Never throws. */
export function isSigned(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, key, { zip215: false })
  } catch {
    return false
  }
}
