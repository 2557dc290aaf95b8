/**
 * Seals the engine's secrets with AES-256-GCM under a key that never leaves the engine's thread
 * unwrapped. The place of a secret (what it is, and whose) is additional data: one put in another's
 * place does not open. Nonces are random; a device seals far fewer than 2^32 secrets in its life.
 * Layout: engine 1 | version 1 | nonce 12 | ciphertext and tag.
 */
import { concat, own, random, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import type { Sealed } from './engine'

const VERSION = 1
const NONCE = 12
const HEADER = 2 + NONCE
const TAG = 16

const label = { additionalData: utf8('sealstream safe') }
const usages: KeyUsage[] = ['encrypt', 'decrypt']

export class Safe {
  private constructor(private readonly key: CryptoKey) {}

  static async create(wrapping: CryptoKey): Promise<{ safe: Safe; wrapped: Bytes }> {
    const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, usages)
    const wrapped = await wrap(fresh, wrapping)
    return { safe: await Safe.open(wrapped, wrapping), wrapped }
  }

  /** @throws CryptoError `damaged` */
  static async open(wrapped: Bytes, wrapping: CryptoKey): Promise<Safe> {
    return new Safe(await unwrap(wrapped, wrapping, false))
  }

  /** `engine`: the tag of the engine that understands the secret. */
  async seal(engine: number, place: string, secret: Bytes): Promise<Sealed> {
    const front = Uint8Array.of(engine, VERSION)
    const iv = random(NONCE)
    const how = { name: 'AES-GCM', iv, additionalData: concat(front, utf8(place)) }
    const data = await crypto.subtle.encrypt(how, this.key, secret)
    return concat(front, iv, new Uint8Array(data)) as Sealed
  }

  /** @throws CryptoError `damaged` */
  async open(place: string, sealed: Sealed): Promise<Bytes> {
    const front = own(sealed.subarray(0, 2))
    const iv = own(sealed.subarray(2, HEADER))
    const how = { name: 'AES-GCM', iv, additionalData: concat(front, utf8(place)) }
    try {
      const data = own(sealed.subarray(HEADER))
      return new Uint8Array(await crypto.subtle.decrypt(how, this.key, data))
    } catch (cause) {
      throw new CryptoError('damaged', `${place} does not open`, { cause })
    }
  }
}

/** The tag of the engine that made it. */
export const engineTag = (sealed: Sealed): number => sealed[0] ?? 0

/** Bytes read from a record. @throws TypeError for what no safe sealed */
export function asSealed(bytes: Bytes): Sealed {
  if (bytes[1] !== VERSION || bytes.length < HEADER + TAG) throw new TypeError('not sealed')
  return bytes as Sealed
}

/** The safe's key under another wrapping. @throws CryptoError `damaged` */
export const rewrap = async (wrapped: Bytes, from: CryptoKey, to: CryptoKey): Promise<Bytes> =>
  wrap(await unwrap(wrapped, from, true), to)

async function wrap(key: CryptoKey, wrapping: CryptoKey): Promise<Bytes> {
  const iv = random(NONCE)
  const how = { name: 'AES-GCM', iv, ...label }
  return concat(iv, new Uint8Array(await crypto.subtle.wrapKey('raw', key, wrapping, how)))
}

async function unwrap(
  wrapped: Bytes,
  wrapping: CryptoKey,
  extractable: boolean,
): Promise<CryptoKey> {
  const how = { name: 'AES-GCM', iv: own(wrapped.subarray(0, NONCE)), ...label }
  const data = own(wrapped.subarray(NONCE))
  try {
    return await crypto.subtle.unwrapKey('raw', data, wrapping, how, 'AES-GCM', extractable, usages)
  } catch (cause) {
    throw new CryptoError('damaged', "the safe's key does not open", { cause })
  }
}
