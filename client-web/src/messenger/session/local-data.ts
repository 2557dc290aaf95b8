/**
 * This device's data, opened: database, keys, account, tokens. Knows nothing of connections.
 */
import { accounts, safes } from '@/messenger/core/key-records'
import {
  outboxEntries,
  settings as settingsRecords,
  tokens as tokenRecords,
} from '@/messenger/core/stored-records'
import { CryptoError } from '@/crypto/errors'
import type { RemoteEngine } from '@/crypto/engine/remote'
import { eraseSealedFiles } from '@/files/erase-sealed-files'
import type { Platform } from '@/platform/platform'
import { eraseDatabase, openDatabase } from '@/storage/database'
import { bytes } from '@/storage/decoders'
import type { Database, Key, TableName } from '@/storage/schema'
import { rename } from '@/storage/rename'
import { forget, reseal } from '@/storage/reseal'
import { ask, StorageError } from '@/storage/errors'
import { Sealer } from '@/storage/sealer'
import { Changes } from '@/storage/changes'
import { Store } from '@/storage/store'
import { Vault } from '@/storage/vault'
import type { SessionTokens } from '@/wire/types'
import type { OpenedData } from '@/messenger/core/opened-data'
import type { AccountRecord } from '@/messenger/core/records'
import { LINKED } from '@/messenger/core/record-names'
import { shownSettings } from '@/messenger/core/shown-settings'
import { createSafe, SAFE } from './seal-secrets'

export class LocalData {
  private closed = false

  private constructor(
    private readonly db: Database,
    readonly vault: Vault,
  ) {}

  /** `terminated`: another than us closed the database; nothing of it works any more. */
  static async open(platform: Platform, name: string, terminated?: () => void): Promise<LocalData> {
    const db = await openDatabase(name, () => {
      if (!data.closed) terminated?.()
    })
    const data: LocalData = new LocalData(db, new Vault(db, platform.deviceKeys))
    return data
  }

  /** With the root key, which `vault` gives. The engine's safe is open afterwards, too. */
  async unlock(root: CryptoKey, engine: RemoteEngine): Promise<OpenedData> {
    const sealer = new Sealer(root)
    const store = new Store(this.db, sealer)
    await store.takeFence()
    await ask(() => rename(this.db, sealer, store))
    await ask(() => forget(this.db))
    const wrapped =
      (await store.get(safes, SAFE)) ?? (await createSafe(store, engine, await sealer.safeKey()))
    const [account, tokens, settings] = await Promise.all([
      store.get(accounts, 'account'),
      store.getSpare(tokenRecords, 'tokens'),
      store.getSpare(settingsRecords, 'settings'),
    ])
    const identity = account?.identity ?? null
    await asStorage(
      engine.unlock(async () => ({ wrapped, wrapping: await sealer.safeKey(), identity })),
    )
    return { store, sealer, account, tokens, settings: shownSettings(settings) }
  }

  /**
   * Seals everything anew under another root key, which only `passphrase` opens; resolves with it.
   * `root`: the present one. Nothing else may run on this data. @throws StorageError nothing is changed then
   */
  async reseal(
    root: CryptoKey,
    passphrase: string,
    { rewrapSafe }: Pick<RemoteEngine, 'rewrapSafe'>,
    show: (done: number, total: number) => void,
  ): Promise<CryptoKey> {
    const renewed = await this.vault.renew(passphrase)
    const [from, to] = [new Sealer(root), new Sealer(renewed.root)]
    const adapt = async (table: TableName, key: Key<TableName>, value: unknown) => {
      if (table !== 'records' || key !== SAFE) return value
      const wrappings = [await from.safeKey(), await to.safeKey()] as const
      return asStorage(rewrapSafe(bytes(value), ...wrappings))
    }
    await reseal(this.db, { from, to, entry: renewed.entry, adapt }, show)
    return renewed.root
  }

  close(): void {
    this.closed = true
    this.db.close()
  }

  static async erase(platform: Platform, name: string): Promise<void> {
    await ask(() => eraseDatabase(name))
    await ask(() => eraseSealedFiles(name))
    await ask(() => platform.deviceKeys.erase())
  }
}

/** A safe that does not open is a damaged record. */
async function asStorage<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (!(cause instanceof CryptoError) || cause.code !== 'damaged') throw cause
    throw new StorageError('damaged', cause.message, { cause })
  }
}

export const newAccount = (username: string, tokens: SessionTokens): AccountRecord => ({
  userId: tokens.user_id,
  username,
  deviceId: tokens.device_id,
  sessionId: tokens.session_id,
  identity: null,
  published: false,
  joined: false,
  nextPrekeyId: 1,
  signedPrekey: null,
  prekeysAvailable: null,
  lastBackupAt: null,
})

/**
 * The device got a new number at the relay: sessions, counters and the place in the mailbox
 * belonged to the old one. History, contacts and the outbox stay.
 */
export async function stageNewDevice(
  store: Store,
  changes: Changes,
  account: AccountRecord,
  tokens: SessionTokens,
): Promise<AccountRecord> {
  const { kem, ...rest } = account
  const renewed: AccountRecord = {
    ...rest,
    ...(kem && { kem: { ...kem, published: false, available: null } }),
    deviceId: tokens.device_id,
    sessionId: tokens.session_id,
    published: false,
    joined: true,
  }
  const ofDevice = ['sessions', 'counters', 'prekeys', 'signed_prekeys', 'kem_prekeys'] as const
  for (const table of [...ofDevice, 'used_base_keys', 'held', 'sent'] as const)
    changes.removeAll(table)
  for (const entry of await store.all(outboxEntries)) {
    // What is sent again answers the old number.
    if (entry.again) changes.remove('outbox', entry.key)
    else changes.put('outbox', entry.key, { ...entry, envelopes: null, n: null })
  }
  for (const record of ['cursor', 'log', 'marks', 'own_devices', 'own_devices_seen', LINKED])
    changes.remove('records', record)
  changes.write(accounts, 'account', renewed)
  return renewed
}
