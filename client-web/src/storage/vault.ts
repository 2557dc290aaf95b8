/**
 * The root key, from which all record keys come. At rest it is wrapped by the device key (which
 * the platform keeps and nobody can export) and, with a passphrase, inside that by a key from
 * PBKDF2: a copied profile without the passphrase, or the passphrase without the device, opens
 * nothing. Its bytes are in memory only while it is wrapped or unwrapped.
 */
import { concat, random, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { DeviceKeys } from '@/platform/platform'
import { withReadings } from '@/text/passphrase'
import { ask, StorageError } from './errors'
import type { Database } from './schema'

export const PASSPHRASE_ITERATIONS = 600_000
const ENTRY = 'root'

interface WrappedRoot {
  v: 1
  wrapped: Bytes
  passphrase: { salt: Bytes; iterations: number } | null
}

export type VaultState = 'empty' | 'open' | 'locked'

export class Vault {
  constructor(
    private readonly db: Database,
    private readonly deviceKeys: DeviceKeys,
  ) {}

  async state(): Promise<VaultState> {
    const entry = await this.entry()
    if (!entry) return 'empty'
    return entry.passphrase ? 'locked' : 'open'
  }

  /** A new root on a device that has none. @throws StorageError `failed` where there is one */
  async create(): Promise<CryptoKey> {
    // Another would leave everything that lies here unreadable for ever.
    if (await this.entry()) throw new StorageError('failed', 'this device has a root key already')
    await ask(() => this.deviceKeys.create())
    const root = random(32)
    const entry = await this.wrap(root, null)
    await ask(() => this.db.add('vault', entry, ENTRY))
    return importRoot(root)
  }

  /** @throws StorageError `wrong_passphrase`, `locked` (one is needed), `damaged` */
  async unlock(passphrase: string | null): Promise<CryptoKey> {
    return importRoot(await this.unwrap(passphrase))
  }

  /** Null takes the lock away. @throws StorageError `wrong_passphrase` */
  async setPassphrase(current: string | null, next: string | null): Promise<void> {
    const root = await this.unwrap(current)
    const entry = await this.wrap(root, next)
    await ask(() => this.db.put('vault', entry, ENTRY))
    root.fill(0)
  }

  private async entry(): Promise<WrappedRoot | null> {
    return ((await ask(() => this.db.get('vault', ENTRY))) as WrappedRoot | undefined) ?? null
  }

  private async unwrap(passphrase: string | null): Promise<Bytes> {
    const entry = await this.entry()
    const device = await ask(() => this.deviceKeys.load())
    if (!entry || !device) throw new StorageError('damaged', 'this device has no root key')
    const inner = await decrypt(device, entry.wrapped).catch((cause: unknown) => {
      throw new StorageError('damaged', 'the root key does not open', { cause })
    })
    if (!entry.passphrase) return inner
    if (passphrase === null) throw new StorageError('locked')
    const { salt, iterations } = entry.passphrase
    const open = async (reading: string) => decrypt(await stretch(reading, salt, iterations), inner)
    return withReadings(passphrase, open).catch(() => {
      throw new StorageError('wrong_passphrase')
    })
  }

  private async wrap(root: Bytes, passphrase: string | null): Promise<WrappedRoot> {
    const device = await ask(() => this.deviceKeys.load())
    if (!device) throw new StorageError('damaged', 'this device has no device key')
    const lock =
      passphrase === null ? null : { salt: random(16), iterations: PASSPHRASE_ITERATIONS }
    const inner =
      lock && passphrase !== null
        ? await encrypt(await stretch(passphrase, lock.salt, lock.iterations), root)
        : root
    return { v: 1, wrapped: await encrypt(device, inner), passphrase: lock }
  }
}

async function importRoot(root: Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', root, 'HKDF', false, ['deriveKey'])
  root.fill(0)
  return key
}

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
