/**
 * Seals records with AES-256-GCM. The place of a record (table and key) is additional data: a
 * record moved elsewhere does not open. Nonces are random; so that their number under one key
 * stays far below 2^32, every start of the app, and every 2^20 records, derives a fresh key from
 * the root by HKDF with a random salt that is stored in front of the record.
 * Layout: version | salt 16 | nonce 12 | ciphertext and tag.
 */
import { decode, encode } from '@msgpack/msgpack'
import { concat, random, toBase64, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { StorageError } from './errors'
import { Names } from './names'

/** Of the layout of what is sealed; `1` lay under its own id. */
const VERSION = 2
const SALT = 16
const NONCE = 12
const HEADER = 1 + SALT + NONCE
const RECORDS_PER_KEY = 2 ** 20

interface DataKey {
  salt: Bytes
  key: Promise<CryptoKey>
  used: number
}

export class Sealer {
  private current: DataKey
  readonly names: Names
  private readonly keys = new Map<string, Promise<CryptoKey>>()

  private root: CryptoKey | null

  /** `root`: an HKDF key; see `vault.ts`. */
  constructor(
    root: CryptoKey,
    private readonly recordsPerKey = RECORDS_PER_KEY,
  ) {
    this.root = root
    this.names = new Names(root)
    this.current = this.fresh()
  }

  async seal(place: string, value: unknown): Promise<Bytes> {
    if (this.current.used >= this.recordsPerKey) this.current = this.fresh()
    this.current.used += 1
    const { salt, key } = this.current
    const iv = random(NONCE)
    const data = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv, additionalData: utf8(place) },
      await key,
      encode(value, { ignoreUndefined: true }),
    )
    return concat(Uint8Array.of(VERSION), salt, iv, new Uint8Array(data))
  }

  /** @throws StorageError `damaged` */
  async open(place: string, sealed: Uint8Array): Promise<unknown> {
    if (versionOf(sealed) > VERSION || sealed.length <= HEADER) {
      throw new StorageError('damaged', 'not a record')
    }
    const key = this.derive(sealed.slice(1, 1 + SALT))
    const iv = sealed.slice(1 + SALT, HEADER)
    try {
      const plain = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv, additionalData: utf8(place) },
        await key,
        sealed.slice(HEADER),
      )
      return decode(new Uint8Array(plain))
    } catch (cause) {
      if (cause instanceof StorageError) throw cause
      throw new StorageError('damaged', 'a record does not open', { cause })
    }
  }

  /** Forgets every key; sealing and opening fail `locked` from now on. */
  wipe(): void {
    this.root = null
    this.names.wipe()
    this.keys.clear()
    this.current = { salt: random(SALT), key: rejected(), used: 0 }
  }

  /** Wraps the key of the engine's safe, which knows it; see `crypto/safe.ts`. @throws StorageError `locked` */
  async safeKey(): Promise<CryptoKey> {
    if (!this.root) throw new StorageError('locked')
    return crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: utf8('sealstream safe') },
      this.root,
      { name: 'AES-GCM', length: 256 },
      false,
      ['wrapKey', 'unwrapKey'],
    )
  }

  private fresh(): DataKey {
    const salt = random(SALT)
    return { salt, key: this.derive(salt), used: 0 }
  }

  private derive(salt: Bytes): Promise<CryptoKey> {
    if (!this.root) return rejected()
    const name = toBase64(salt)
    const known = this.keys.get(name)
    if (known) return known
    const key = crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt, info: utf8('sealstream record') },
      this.root,
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt', 'decrypt'],
    )
    this.keys.set(name, key)
    return key
  }
}

export const isCurrent = (sealed: Uint8Array): boolean => versionOf(sealed) === VERSION

const versionOf = (sealed: Uint8Array): number => sealed[0] ?? Infinity

function rejected(): Promise<never> {
  const promise = Promise.reject(new StorageError('locked'))
  promise.catch(() => undefined)
  return promise
}
