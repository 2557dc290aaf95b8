/** The sealed messages of one conversation, in the order of their places. */
import type { Database, MessageEntry } from './schema'

export type Row = [[string, number], MessageEntry]

/**
 * The `limit` rows before `before`, ascending. The browser answers once for where they begin and once for all of them,
 * not for each.
 */
export async function lastRows(
  db: Database,
  name: string,
  before: number,
  limit: number,
): Promise<Row[]> {
  const { store } = db.transaction('messages')
  const range = (from: number, open = true): IDBKeyRange =>
    IDBKeyRange.bound([name, from], [name, before], open, true)
  const newest = await store.openKeyCursor(range(-Infinity), 'prev')
  if (!newest) return []
  const first = limit > 1 ? await newest.advance(limit - 1) : newest
  const whole = first ? range((first.key as Row[0])[1], false) : range(-Infinity)
  const [keys, values] = await Promise.all([store.getAllKeys(whole), store.getAll(whole)])
  return keys.map((key, i) => [key, values[i]] as Row)
}

/** The first `limit` rows after `after`, ascending. */
export async function firstRows(
  db: Database,
  name: string,
  after: number,
  limit: number,
): Promise<Row[]> {
  const { store } = db.transaction('messages')
  const range = IDBKeyRange.bound([name, after], [name, Infinity], true)
  const [keys, values] = await Promise.all([
    store.getAllKeys(range, limit),
    store.getAll(range, limit),
  ])
  return keys.map((key, i) => [key, values[i]] as Row)
}
