/**
 * Reads and writes sealed records. Everything that belongs together is written in one
 * transaction: `commit` seals first (nothing else may be awaited inside a transaction), then
 * writes all or nothing, and only while this tab leads (`fence`).
 */
import type { IDBPTransaction } from 'idb'
import { StorageError } from './errors'
import type { Database, Key, SealedTable, TableName, Tables } from './schema'
import type { Sealer } from './sealer'

const FENCE = 'fence'

/** A record of a conversation's flow; `order` ascends within the conversation. */
export interface MessageRow {
  id: string
  conversation: string
  order: number
}

type Write =
  | { table: SealedTable; key: Key<SealedTable>; value: unknown }
  | { table: 'messages'; key: [string, number]; id: string; value: unknown }
type Removal = { table: TableName; key: Key<TableName> | IDBKeyRange }

/** Changes to be made together. */
export class Changes {
  readonly writes: Write[] = []
  readonly removals: Removal[] = []

  put<T extends SealedTable>(table: T, key: Key<T>, value: unknown): this {
    this.writes.push({ table, key, value })
    return this
  }
  putMessage(row: MessageRow): this {
    this.writes.push({
      table: 'messages',
      key: [row.conversation, row.order],
      id: row.id,
      value: row,
    })
    return this
  }
  remove<T extends SealedTable>(table: T, key: Key<T>): this {
    this.removals.push({ table, key })
    return this
  }
  removeMessage(conversation: string, order: number): this {
    this.removals.push({ table: 'messages', key: [conversation, order] })
    return this
  }
  removeConversation(conversation: string): this {
    const key = IDBKeyRange.bound([conversation, -Infinity], [conversation, Infinity])
    this.removals.push({ table: 'messages', key })
    return this
  }
  get empty(): boolean {
    return this.writes.length === 0 && this.removals.length === 0
  }
}

/** A request's failure ends its transaction, whose own failure is what is thrown. */
const reportedByTransaction = (): undefined => undefined

const place = (table: TableName, key: Key<TableName>): string => `${table}/${String(key)}`

export class Store {
  private fence = 0
  private tail: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly db: Database,
    private readonly sealer: Sealer,
  ) {}

  /** Makes this tab the only one that can write; what an older one still commits fails. */
  async takeFence(): Promise<void> {
    const transaction = this.db.transaction('vault', 'readwrite', { durability: 'strict' })
    const held = ((await transaction.store.get(FENCE)) as number | undefined) ?? 0
    this.fence = held + 1
    await transaction.store.put(this.fence, FENCE)
    await transaction.done
  }

  async get<T>(table: SealedTable, key: Key<SealedTable>): Promise<T | null> {
    const sealed = await ask(() => this.db.get(table, key as never))
    return sealed ? ((await this.sealer.open(place(table, key), sealed)) as T) : null
  }

  /** All records of a table, in the order of their keys. */
  async all<T>(table: SealedTable): Promise<T[]> {
    const [keys, values] = await ask(() =>
      Promise.all([this.db.getAllKeys(table), this.db.getAll(table)]),
    )
    return Promise.all(
      values.map((sealed, i) => this.sealer.open(place(table, keys[i] as never), sealed)),
    ) as Promise<T[]>
  }

  async keys<T extends SealedTable>(table: T): Promise<Key<T>[]> {
    return (await ask(() => this.db.getAllKeys(table))) as Key<T>[]
  }

  /** The `limit` messages before `before`, ascending. */
  async page<T>(conversation: string, before: number, limit: number): Promise<T[]> {
    const range = IDBKeyRange.bound([conversation, -Infinity], [conversation, before], true, true)
    const rows: [[string, number], Tables['messages']['value']][] = []
    await ask(async () => {
      const transaction = this.db.transaction('messages')
      let cursor = await transaction.store.openCursor(range, 'prev')
      while (cursor && rows.length < limit) {
        rows.push([cursor.key as [string, number], cursor.value])
        cursor = await cursor.continue()
      }
    })
    return this.openRows(rows.reverse())
  }

  async message<T>(id: string): Promise<T | null> {
    const cursor = await ask(() => this.db.transaction('messages').store.index('id').openCursor(id))
    if (!cursor) return null
    const [found] = await this.openRows<T>([[cursor.primaryKey as [string, number], cursor.value]])
    return found ?? null
  }

  /** Every message of the device, in batches, for the search index and backups. */
  async *everyMessage<T>(batch = 500): AsyncGenerator<T[]> {
    let after: [string, number] | null = null
    for (;;) {
      const range: IDBKeyRange | null = after ? IDBKeyRange.lowerBound(after, true) : null
      const [keys, values] = await ask(() => {
        const { store } = this.db.transaction('messages')
        return Promise.all([store.getAllKeys(range, batch), store.getAll(range, batch)])
      })
      const rows = keys.map((key, i) => [key, values[i]] as never)
      if (rows.length > 0) yield await this.openRows<T>(rows)
      if (rows.length < batch) return
      after = keys.at(-1) as [string, number]
    }
  }

  countMessages(): Promise<number> {
    return ask(() => this.db.count('messages'))
  }

  /**
   * All or nothing, on disk when it resolves. Commits reach the disk in the order they were asked
   * for.
   * @throws StorageError `fenced`, `full`, `failed`, `locked`
   */
  commit(changes: Changes): Promise<void> {
    const write = (): Promise<void> => this.write(changes)
    const result = this.tail.then(write, write)
    this.tail = result.catch(() => undefined)
    return result
  }

  private async write(changes: Changes): Promise<void> {
    if (changes.empty) return
    const sealed = await Promise.all(
      changes.writes.map(async (write) => {
        const data = await this.sealer.seal(place(write.table, write.key), write.value)
        return { ...write, data: write.table === 'messages' ? { id: write.id, data } : data }
      }),
    )
    const tables = [...new Set([...sealed, ...changes.removals].map((change) => change.table))]
    const transaction = this.begin([...tables, 'vault'])
    const done = transaction.done.catch((cause: unknown) => {
      throw translate(cause)
    })
    done.catch(() => undefined)
    await this.checkFence(transaction as never)
    try {
      for (const { table, key } of changes.removals) {
        const removal = transaction.objectStore(table as 'records').delete(key as string)
        removal.catch(reportedByTransaction)
      }
      for (const { table, key, data } of sealed) {
        const write = transaction.objectStore(table as 'records').put(data as never, key as string)
        write.catch(reportedByTransaction)
      }
    } catch (cause) {
      // A refused key throws at once, and the browser would still commit what came before it.
      transaction.abort()
      throw translate(cause)
    }
    await done
  }

  private begin(tables: TableName[]) {
    try {
      return this.db.transaction(tables, 'readwrite', { durability: 'strict' })
    } catch (cause) {
      throw translate(cause)
    }
  }

  private async checkFence(
    transaction: IDBPTransaction<Tables, ['vault'], 'readwrite'>,
  ): Promise<void> {
    const held = await transaction.objectStore('vault').get(FENCE)
    if (held === this.fence) return
    transaction.abort()
    throw new StorageError('fenced', 'another tab leads')
  }

  private openRows<T>(rows: [[string, number], Tables['messages']['value']][]): Promise<T[]> {
    return Promise.all(
      rows.map(([key, { data }]) => this.sealer.open(place('messages', key), data)),
    ) as Promise<T[]>
  }
}

/** A read; a closed database (another tab leads, the page ends) is a `StorageError` as well. */
async function ask<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw translate(cause)
  }
}

function translate(cause: unknown): StorageError {
  const full = cause instanceof DOMException && cause.name === 'QuotaExceededError'
  return new StorageError(full ? 'full' : 'failed', 'the database failed', { cause })
}
