/**
 * Seals everything anew, under another root key. Rows sealed anew are collected in a table of their
 * own; then one transaction puts them and the new root's wrapping in the place of the old ones. Until
 * it is through, the old root opens everything; from then on it opens nothing. A page that ends in
 * between leaves rows in that table, which the next start throws away.
 */
import type { MessageRow } from './changes'
import { ask, StorageError } from './errors'
import { storedKey } from './names'
import { FENCE, place } from './store'
import type { Sealer } from './sealer'
import type { Database, Key, MessageEntry, SealedRecord, StagedRow, TableName } from './schema'
import { ROOT } from './vault'
import type { WrappedRoot } from './wrapping'

const BATCH = 500

type Row = [key: IDBValidKey, value: unknown]

export interface Resealing {
  from: Sealer
  to: Sealer
  /** The new root, wrapped. */
  entry: WrappedRoot
  /** A record's value as it is under the new root: most stay what they are. */
  adapt?: (table: TableName, key: Key<TableName>, value: unknown) => Promise<unknown>
}

/**
 * Only by the tab that leads, with nothing else running. Records that do not open are left out: no
 * key opens them. @throws StorageError `fenced`, `full`, `failed`; nothing is changed then
 */
export function reseal(
  db: Database,
  resealing: Resealing,
  show: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  return ask(async () => {
    const fence = await db.get('vault', FENCE)
    const tables = ([...db.objectStoreNames] as TableName[]).filter(
      (name) => name !== 'vault' && name !== 'staged',
    )
    const counts = await Promise.all(tables.map((table) => db.count(table)))
    const total = counts.reduce((sum, count) => sum + count, 0)
    let done = 0
    await forget(db)
    for (const table of tables) {
      for await (const rows of batches(db, table)) {
        const staged = await Promise.all(rows.map((row) => sealAnew(resealing, table, row)))
        await keep(db, staged.flat(), fence)
        show((done += rows.length), total)
      }
    }
    await exchange(db, tables, resealing.entry, fence)
  })
}

/** Throws away what a page that ended in the middle left. */
export async function forget(db: Database): Promise<void> {
  if ((await db.count('staged')) > 0) await db.clear('staged')
}

async function* batches(db: Database, table: TableName): AsyncGenerator<Row[]> {
  let after: IDBKeyRange | null = null
  for (;;) {
    const [keys, values]: [IDBValidKey[], unknown[]] = await Promise.all([
      db.getAllKeys(table, after as never, BATCH),
      db.getAll(table, after as never, BATCH),
    ])
    if (keys.length > 0) yield keys.map((key, i) => [key, values[i]])
    if (keys.length < BATCH) return
    after = IDBKeyRange.lowerBound(keys.at(-1), true)
  }
}

async function sealAnew(
  { from, to, adapt }: Resealing,
  table: TableName,
  [name, value]: Row,
): Promise<StagedRow[]> {
  const sealed = table === 'messages' ? (value as MessageEntry).data : (value as SealedRecord)
  const opened = await openWhole(from, place(table, name as Key<TableName>), sealed)
  if (!opened) return []
  if (adapt) opened[1] = await adapt(table, opened[0], opened[1])
  const key = await storedKey(to.names, table, opened[0])
  const data = await to.seal(place(table, key), opened)
  if (table !== 'messages') return [{ table, key, value: data }]
  // Its name in the index, as when it is first written.
  const id = await to.names.of('message', (opened[1] as MessageRow).id)
  return [{ table, key, value: { ...(value as MessageEntry), id, data } }]
}

type Opened = [key: Key<TableName>, value: unknown, ...rest: unknown[]]

async function openWhole(from: Sealer, at: string, sealed: Uint8Array): Promise<Opened | null> {
  try {
    return (await from.open(at, sealed)) as Opened
  } catch (error) {
    if (error instanceof StorageError && error.code === 'damaged') return null
    throw error
  }
}

/** In the table beside, while this tab leads. */
async function keep(db: Database, rows: StagedRow[], fence: unknown): Promise<void> {
  const transaction = db.transaction(['staged', 'vault'], 'readwrite', { durability: 'relaxed' })
  transaction.done.catch(() => undefined)
  if ((await transaction.objectStore('vault').get(FENCE)) !== fence) throw fenced()
  await Promise.all(rows.map((row) => transaction.objectStore('staged').add(row)))
  await transaction.done
}

async function exchange(
  db: Database,
  tables: TableName[],
  entry: WrappedRoot,
  fence: unknown,
): Promise<void> {
  const all = [...tables, 'vault', 'staged'] as const
  const transaction = db.transaction(all, 'readwrite', { durability: 'strict' })
  transaction.done.catch(() => undefined)
  const staged = transaction.objectStore('staged')
  const vault = transaction.objectStore('vault')
  try {
    if ((await vault.get(FENCE)) !== fence) throw fenced()
    for (const table of tables) await transaction.objectStore(table).clear()
    let after: number = 0
    for (;;) {
      const range = IDBKeyRange.lowerBound(after, true)
      const [keys, rows] = await Promise.all([
        staged.getAllKeys(range, BATCH),
        staged.getAll(range, BATCH),
      ])
      await Promise.all(
        rows.map((row) =>
          transaction.objectStore(row.table).put(row.value as never, row.key as never),
        ),
      )
      if (keys.length < BATCH) break
      after = Number(keys.at(-1))
    }
    await Promise.all([staged.clear(), vault.put(entry, ROOT)])
  } catch (error) {
    // Ended by the browser already, where a request failed.
    try {
      transaction.abort()
    } catch {
      throw error
    }
    throw error
  }
  await transaction.done
}

const fenced = (): StorageError => new StorageError('fenced', 'another tab leads')
