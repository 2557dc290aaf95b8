/**
 * The root key, from which all record keys come. At rest it is wrapped by the device key (which the
 * platform keeps and nobody can export) and, with a passphrase, inside that by a key from PBKDF2. On
 * the web the device key lies in the same browser profile: without a passphrase a copy of the whole
 * profile opens. With one it does not, nor does the database without the device key. The root's
 * bytes are in memory only while it is wrapped or unwrapped.
 */
import { random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { DeviceKeys } from '@/platform/platform'
import { ask, StorageError } from './errors'
import type { Database } from './schema'
import { importRoot, unwrap, unwrapForPasskey, wrap, wrapForPasskey } from './wrapping'
import type { PasskeyRef, WrappedRoot } from './wrapping'

/** Where the wrapped root lies. */
export const ROOT = 'root'

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

  /** The passkey that opens it beside the passphrase. */
  async passkey(): Promise<PasskeyRef | null> {
    return (await this.entry())?.passkey ?? null
  }

  /** A new root on a device that has none. @throws StorageError `failed` where there is one */
  async create(): Promise<CryptoKey> {
    // Another would leave everything that lies here unreadable for ever.
    if (await this.entry()) throw new StorageError('failed', 'this device has a root key already')
    await ask(() => this.deviceKeys.create())
    const root = random(32)
    const entry = await wrap(await this.deviceKey(), root, null)
    await ask(() => this.db.add('vault', entry, ROOT))
    return importRoot(root)
  }

  /** @throws StorageError `wrong_passphrase`, `locked` (one is needed), `damaged` */
  async unlock(passphrase: string | null): Promise<CryptoKey> {
    return importRoot(await this.open(passphrase))
  }

  /** @throws StorageError `wrong_passkey`, `damaged` */
  async unlockWithPasskey(secret: Bytes): Promise<CryptoKey> {
    const { passkey } = await this.theEntry()
    if (!passkey) throw new StorageError('wrong_passkey', 'no passkey opens this device')
    return importRoot(await unwrapForPasskey(await this.deviceKey(), passkey, secret))
  }

  /**
   * Another root under this passphrase alone, not stored yet: an older wrapping may stay readable on
   * the disk after it was replaced, so it must open nothing that is sealed from now on (`reseal.ts`).
   */
  async renew(passphrase: string): Promise<{ root: CryptoKey; entry: WrappedRoot }> {
    const root = random(32)
    const entry = await wrap(await this.deviceKey(), root, passphrase)
    return { root: await importRoot(root), entry }
  }

  /** Passphrase and passkey are not asked for any more. @throws StorageError `wrong_passphrase` */
  async removeLock(passphrase: string | null): Promise<void> {
    const root = await this.open(passphrase)
    await this.replace(await wrap(await this.deviceKey(), root, null))
    root.fill(0)
  }

  /** `secret`: the passkey's, for its salt. @throws StorageError `wrong_passphrase`, `failed` without a passphrase */
  async addPasskey(passphrase: string, passkey: PasskeyRef, secret: Bytes): Promise<void> {
    const entry = await this.theEntry()
    if (!entry.passphrase) throw new StorageError('failed', 'a passkey stands beside a passphrase')
    const root = await this.open(passphrase)
    const wrapped = await wrapForPasskey(await this.deviceKey(), root, passkey, secret)
    root.fill(0)
    await this.replace({ ...entry, passkey: wrapped })
  }

  private replace(entry: WrappedRoot): Promise<unknown> {
    return ask(async () => {
      const transaction = this.db.transaction('vault', 'readwrite', { durability: 'strict' })
      await Promise.all([transaction.store.put(entry, ROOT), transaction.done])
    })
  }

  private async entry(): Promise<WrappedRoot | null> {
    return ((await ask(() => this.db.get('vault', ROOT))) as WrappedRoot | undefined) ?? null
  }

  private async theEntry(): Promise<WrappedRoot> {
    const entry = await this.entry()
    if (!entry) throw new StorageError('damaged', 'this device has no root key')
    return entry
  }

  private async open(passphrase: string | null): Promise<Bytes> {
    return unwrap(await this.deviceKey(), await this.theEntry(), passphrase)
  }

  private async deviceKey(): Promise<CryptoKey> {
    const device = await ask(() => this.deviceKeys.load())
    if (!device) throw new StorageError('damaged', 'this device has no device key')
    return device
  }
}
