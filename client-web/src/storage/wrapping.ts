/** The root key at rest: sealed by the device key, and inside that by a passphrase or a passkey. */
import { concat, random, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { PASSPHRASE_ITERATIONS } from '@/crypto/passphrase-cost'
import { withReadings } from '@/text/passphrase'
import { StorageError } from './errors'

export interface WrappedRoot {
  v: 1
  wrapped: Bytes
  passphrase: { salt: Bytes; iterations: number } | null
  /** A second way, beside the passphrase. */
  passkey?: WrappedForPasskey
}

/** `id` names the passkey to the browser; `salt` is what its secret is asked for with. */
export interface PasskeyRef {
  id: Bytes
  salt: Bytes
}

interface WrappedForPasskey extends PasskeyRef {
  wrapped: Bytes
}

/** Null: no passphrase. */
export async function wrap(
  device: CryptoKey,
  root: Bytes,
  passphrase: string | null,
): Promise<WrappedRoot> {
  if (passphrase === null) {
    return { v: 1, wrapped: await encrypt(device, root), passphrase: null }
  }
  const lock = { salt: random(16), iterations: PASSPHRASE_ITERATIONS }
  const inner = await encrypt(await stretch(passphrase, lock.salt, lock.iterations), root)
  return { v: 1, wrapped: await encrypt(device, inner), passphrase: lock }
}

/** @throws StorageError `wrong_passphrase`, `locked` (one is needed), `damaged` */
export async function unwrap(
  device: CryptoKey,
  entry: WrappedRoot,
  passphrase: string | null,
): Promise<Bytes> {
  const inner = await openOuter(device, entry.wrapped)
  if (!entry.passphrase) return inner
  if (passphrase === null) throw new StorageError('locked')
  const { salt, iterations } = entry.passphrase
  const open = async (reading: string) => decrypt(await stretch(reading, salt, iterations), inner)
  return withReadings(passphrase, open).catch(() => {
    throw new StorageError('wrong_passphrase')
  })
}

/** `secret`: what the passkey answers for its salt, 32 bytes. */
export async function wrapForPasskey(
  device: CryptoKey,
  root: Bytes,
  passkey: PasskeyRef,
  secret: Bytes,
): Promise<WrappedForPasskey> {
  const inner = await encrypt(await passkeyKey(secret, passkey.salt), root)
  return { ...passkey, wrapped: await encrypt(device, inner) }
}

/** @throws StorageError `wrong_passkey`, `damaged` */
export async function unwrapForPasskey(
  device: CryptoKey,
  passkey: WrappedForPasskey,
  secret: Bytes,
): Promise<Bytes> {
  const inner = await openOuter(device, passkey.wrapped)
  return decrypt(await passkeyKey(secret, passkey.salt), inner).catch(() => {
    throw new StorageError('wrong_passkey')
  })
}

/** An HKDF key; the bytes are wiped. */
export async function importRoot(root: Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', root, 'HKDF', false, ['deriveKey'])
  root.fill(0)
  return key
}

const openOuter = (device: CryptoKey, wrapped: Bytes): Promise<Bytes> =>
  decrypt(device, wrapped).catch((cause: unknown) => {
    throw new StorageError('damaged', 'the root key does not open', { cause })
  })

async function stretch(passphrase: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const secret = utf8(passphrase.normalize('NFKC'))
  const base = await crypto.subtle.importKey('raw', secret, 'PBKDF2', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

/** The secret is random already: nothing has to be made slow. */
async function passkeyKey(secret: Bytes, salt: Bytes): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info: utf8('sealstream passkey') },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

const label = { additionalData: utf8('sealstream root key') }

async function encrypt(key: CryptoKey, data: Bytes): Promise<Bytes> {
  const iv = random(12)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, ...label }, key, data)
  return concat(iv, new Uint8Array(sealed))
}

async function decrypt(key: CryptoKey, data: Bytes): Promise<Bytes> {
  const iv = data.slice(0, 12)
  const plain = { name: 'AES-GCM', iv, ...label }
  return new Uint8Array(await crypto.subtle.decrypt(plain, key, data.slice(12)))
}
