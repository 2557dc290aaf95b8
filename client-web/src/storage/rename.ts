/**
 * Brings the records of layout 1, which lay under their own ids, to where `store.ts` looks for
 * them. Runs once, when the root key is first at hand; whatever a crash leaves is found again by
 * the version in front of each record. Nothing is read from a record that does not open: it stays
 * where it is, as unreadable as before.
 */
import type { Sealer } from './sealer'
import { isCurrent } from './sealer'
import { LAYOUT } from './schema'
import type { Database, SealedRecord, SealedTable } from './schema'
import { Changes } from './changes'
import type { MessageRow } from './changes'
import type { Store } from './store'

const MARK = 'layout'
const BATCH = 500
const TABLES = [
  'records',
  'contacts',
  'conversations',
  'drafts',
  'sessions',
  'counters',
  'prekeys',
  'signed_prekeys',
  'outbox',
  'security',
] as const satisfies SealedTable[]

/** Records stay as they are, of their first version. Only by the tab that leads (`takeFence`), before the first record is read. */
export async function rename(db: Database, sealer: Sealer, store: Store): Promise<void> {
  if ((await db.get('vault', MARK)) === LAYOUT) return
  for (const table of TABLES) await renameRecords(db, sealer, store, table)
  await renameMessages(db, sealer, store)
  await db.put('vault', LAYOUT, MARK)
}

async function renameRecords(db: Database, sealer: Sealer, store: Store, table: SealedTable) {
  const [keys, values] = await Promise.all([db.getAllKeys(table), db.getAll(table)])
  const changes = new Changes()
  const moved: (string | number)[] = []
  for (const [i, sealed] of values.entries()) {
    const key = keys[i] as string | number
    if (isCurrent(sealed)) continue
    const value = await openOld(sealer, `${table}/${String(key)}`, sealed)
    if (value === undefined) continue
    changes.writes.push({ table, key, value })
    // A number stays where it is, and is written over.
    if (typeof key === 'string') moved.push(key)
  }
  await store.commit(changes)
  const transaction = db.transaction(table, 'readwrite')
  await Promise.all([
    ...moved.map((key) => transaction.store.delete(key as never)),
    transaction.done,
  ])
}

async function renameMessages(db: Database, sealer: Sealer, store: Store): Promise<void> {
  let after: [string, number] | null = null
  for (;;) {
    const range: IDBKeyRange | null = after ? IDBKeyRange.lowerBound(after, true) : null
    const keys = (await db.getAllKeys('messages', range, BATCH)) as [string, number][]
    const values = await db.getAll('messages', range, BATCH)
    const changes = new Changes()
    const moved: [string, number][] = []
    for (const [i, { data }] of values.entries()) {
      const key = keys[i]
      if (!key || isCurrent(data)) continue
      const row = await openOld(sealer, `messages/${String(key)}`, data)
      if (row === undefined) continue
      const { id } = row as MessageRow
      changes.writes.push({ table: 'messages', key, id, value: row })
      moved.push(key)
    }
    await store.commit(changes)
    const transaction = db.transaction('messages', 'readwrite')
    await Promise.all([...moved.map((key) => transaction.store.delete(key)), transaction.done])
    if (keys.length < BATCH) return
    after = keys.at(-1) ?? null
  }
}

async function openOld(sealer: Sealer, place: string, sealed: SealedRecord): Promise<unknown> {
  try {
    return await sealer.open(place, sealed)
  } catch {
    return undefined
  }
}
