import { webDeviceKeys } from '@/platform/web'
import type { MessageRow } from '@/storage/changes'
import { openDatabase } from '@/storage/database'
import type { Database } from '@/storage/schema'
import { Sealer } from '@/storage/sealer'
import { Store } from '@/storage/store'
import { stored } from '@/storage/stored'
import type { SealedTable } from '@/storage/schema'
import { Vault } from '@/storage/vault'

let serial = 0

export const freshName = (): string => `test-${Date.now()}-${serial++}`

export interface OpenedStore {
  name: string
  db: Database
  vault: Vault
  sealer: Sealer
  store: Store
}

/** A store on a database of its own, in the real IndexedDB. */
export async function openStore(name = freshName()): Promise<OpenedStore> {
  const db = await openDatabase(name)
  const vault = new Vault(db, webDeviceKeys(`${name}-keys`))
  const root = (await vault.state()) === 'empty' ? await vault.create() : await vault.unlock(null)
  const sealer = new Sealer(root)
  const store = new Store(db, sealer)
  await store.takeFence()
  return { name, db, vault, sealer, store }
}

/** A database with the same rows, as somebody would copy it off the disk. */
export async function copied(db: Database, name: string): Promise<Database> {
  const copy = await openDatabase(name)
  await copyInto(db, copy)
  return copy
}

/** Puts all rows of one database in the place of the other's. */
export async function copyInto(from: Database, to: Database): Promise<void> {
  for (const table of from.objectStoreNames) {
    const [keys, values] = await Promise.all([from.getAllKeys(table), from.getAll(table)])
    const transaction = to.transaction(table, 'readwrite')
    void transaction.store.clear()
    for (const [i, key] of keys.entries()) {
      const inline = transaction.store.keyPath !== null
      void transaction.store.put(values[i] as never, inline ? undefined : (key as never))
    }
    await transaction.done
  }
}

/** Every byte of a database, keys included, as one searchable string. */
export async function dump(db: Database): Promise<string> {
  let text = ''
  for (const table of db.objectStoreNames) {
    for (const key of await db.getAllKeys(table)) text += `${JSON.stringify(key)}\n`
    for (const value of await db.getAll(table)) {
      text += JSON.stringify(value, (_key, part: unknown) =>
        part instanceof Uint8Array ? String.fromCharCode(...part) : part,
      )
    }
  }
  return text
}

/** Records of a table as they lie there, of any kind, up to this version. */
export const raw = <T>(table: SealedTable, version = 1) =>
  stored(table, ...Array.from({ length: version }, () => (value: unknown) => value as T))
export const rawMessages = <T = MessageRow>() => stored('messages', (value) => value as T)
