/**
 * Reads and writes sealed records; ids become names (`names.ts`) on the way. Everything that belongs together is written in one
 * transaction: `commit` seals first (nothing else may be awaited inside a transaction), then
 * writes all or nothing, and only while this tab leads (`fence`).
 */
import type { IDBPTransaction } from 'idb'
import { reading } from './stored'
import type { Reading, Stored, StoredMessages } from './stored'
import type { Changes, Removal, Write } from './changes'
import { ask, storageError, StorageError } from './errors'
import { storedKey } from './names'
import type { Database, Key, SealedTable, TableName, Tables } from './schema'
import type { Sealer } from './sealer'
import { firstRows, lastRows } from './message-rows'
import type { Row } from './message-rows'

/** The number of the tab that may write. */
export const FENCE = 'fence'

/** A request's failure ends its transaction, whose own failure is what is thrown. */
const reportedByTransaction = (): undefined => undefined

/** Bound to the ciphertext: where a record lies. */
export const place = (table: TableName, name: Key<TableName>): string => `${table}#${String(name)}`

const allOf = (conversation: string): IDBKeyRange =>
  IDBKeyRange.bound([conversation, -Infinity], [conversation, Infinity])

type Durability = 'strict' | 'relaxed'

export class Store {
  private fence = 0
  /** Places of records that did not open when several were read. */
  private readonly passedOver = new Set<string>()
  private tail: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly db: Database,
    private readonly sealer: Sealer,
  ) {}

  /** How many records were found that do not open; reading several goes on without them. */
  get damaged(): number {
    return this.passedOver.size
  }

  /** Makes this tab the only one that can write; what an older one still commits fails. */
  takeFence(): Promise<void> {
    return ask(async () => {
      const transaction = this.db.transaction('vault', 'readwrite', { durability: 'strict' })
      const held = ((await transaction.store.get(FENCE)) as number | undefined) ?? 0
      this.fence = held + 1
      await transaction.store.put(this.fence, FENCE)
      await transaction.done
    })
  }

  /** @throws StorageError `damaged`: it does not open, or is not of this kind */
  async get<T>(kind: Stored<T>, key: Key<SealedTable>): Promise<T | null> {
    const name = await this.name(kind.table, key)
    const sealed = await ask(() => this.db.get(kind.table, name as never))
    return sealed ? (await this.openRecord(reading(kind), name, sealed))[1] : null
  }

  /** Of what can be done without: null also where the record is damaged. */
  async getSpare<T>(kind: Stored<T>, key: Key<SealedTable>): Promise<T | null> {
    try {
      return await this.get(kind, key)
    } catch (error) {
      if (error instanceof StorageError && error.code === 'damaged') return null
      throw error
    }
  }

  /** All records of a kind, which alone lies in its table; where keys are numbers, in their order. */
  async all<T>(kind: Stored<T>): Promise<T[]> {
    const [names, values] = await this.rows(kind.table)
    return (await this.whole(reading(kind), names as Key<TableName>[], values)).map(
      ([, value]) => value,
    )
  }

  /** Of every record that opens. */
  async keys<T extends SealedTable>(table: T): Promise<Key<T>[]> {
    const [names, values] = await this.rows(table)
    const keysAlone = { table, read: () => null }
    const whole = await this.whole(keysAlone, names as Key<TableName>[], values)
    return whole.map(([key]) => key as Key<T>)
  }

  /** The `limit` messages before `before`, ascending. */
  async page<T>(
    kind: StoredMessages<T>,
    conversation: string,
    before: number,
    limit: number,
  ): Promise<T[]> {
    const name = await this.sealer.names.of('messages', conversation)
    const rows = await ask(() => lastRows(this.db, name, before, limit))
    const opened = await this.openRows(kind, rows)
    const first = rows[0]?.[0][1]
    if (first === undefined || rows.length < limit || opened.length === limit) return opened
    return [...(await this.page(kind, conversation, first, limit - opened.length)), ...opened]
  }

  /** The first `limit` messages after `after`, ascending. */
  async pageAfter<T>(
    kind: StoredMessages<T>,
    conversation: string,
    after: number,
    limit: number,
  ): Promise<T[]> {
    const name = await this.sealer.names.of('messages', conversation)
    const rows = await ask(() => firstRows(this.db, name, after, limit))
    const opened = await this.openRows(kind, rows)
    const last = rows.at(-1)?.[0][1]
    if (last === undefined || rows.length < limit || opened.length === limit) return opened
    return [...opened, ...(await this.pageAfter(kind, conversation, last, limit - opened.length))]
  }

  /** Those under this id that are `wanted`: several people may use one id. */
  async messagesWithId<T>(
    kind: StoredMessages<T>,
    id: string,
    wanted: (message: T) => boolean,
  ): Promise<T[]> {
    const name = await this.sealer.names.of('message', id)
    const [keys, values] = await ask(() => {
      const index = this.db.transaction('messages').store.index('id')
      return Promise.all([index.getAllKeys(name), index.getAll(name)])
    })
    const found = await this.openRows(kind, keys.map((key, i) => [key, values[i]]) as Row[])
    return found.filter(wanted)
  }

  /** Every message of the device, newest first, in batches: for the search index and backups. */
  async *everyMessage<T>(kind: StoredMessages<T>, batch = 500): AsyncGenerator<T[]> {
    const index = () => this.db.transaction('messages').store.index('order')
    const all = (await ask(() => index().getAllKeys())) as [string, number][]
    const orders = all.map(([, order]) => order)
    let end = orders.length
    while (end > 0) {
      let start = Math.max(0, end - batch)
      // Of the same moment in different conversations: never apart.
      while (start > 0 && orders[start - 1] === orders[start]) start -= 1
      const range = IDBKeyRange.bound(orders[start], orders[end - 1])
      const [keys, values] = await ask(() => {
        const source = index()
        return Promise.all([source.getAllKeys(range), source.getAll(range)])
      })
      const rows = keys.map((key, i) => [key, values[i]] as never)
      yield (await this.openRows(kind, rows)).reverse()
      end = start
    }
  }

  countMessages(): Promise<number> {
    return ask(() => this.db.count('messages'))
  }

  /**
   * All or nothing, on disk when it resolves, and what waited for that (`whenStored`) done; if `relaxed`, only with the next strict one, which a
   * loss of power may come before. Commits reach the disk in the order they were asked
   * for.
   * @throws StorageError `fenced`, `full`, `failed`, `locked`
   */
  commit(changes: Changes, durability: Durability = 'strict'): Promise<void> {
    const write = async (): Promise<void> => {
      await this.write(changes, durability)
      changes.runFollowUps()
    }
    const result = this.tail.then(write, write)
    this.tail = result.catch(() => undefined)
    return result
  }

  private async write(changes: Changes, durability: Durability): Promise<void> {
    if (changes.empty) return
    const [sealed, removals] = await Promise.all([
      Promise.all(changes.writes.map((write) => this.seal(write))),
      Promise.all(changes.removals.map((removal) => this.aim(removal))),
    ])
    const tables = [...new Set([...sealed, ...removals].map((change) => change.table))]
    const transaction = this.begin([...tables, 'vault'], durability)
    const done = transaction.done.catch((cause: unknown) => {
      throw storageError(cause)
    })
    done.catch(() => undefined)
    await this.checkFence(transaction as never)
    try {
      for (const { table, key } of removals) {
        const store = transaction.objectStore(table as 'records')
        const removal = key === null ? store.clear() : store.delete(key as string)
        removal.catch(reportedByTransaction)
      }
      for (const { table, name, data } of sealed) {
        const write = transaction.objectStore(table as 'records').put(data as never, name as string)
        write.catch(reportedByTransaction)
      }
    } catch (cause) {
      // A refused key throws at once, and the browser would still commit what came before it.
      transaction.abort()
      throw storageError(cause)
    }
    await done
  }

  private async seal(write: Write) {
    const { table, key, value, version = 1 } = write
    const name = await this.name(table, key)
    const record = version > 1 ? [key, value, version] : [key, value]
    const data = await this.sealer.seal(place(table, name), record)
    if (table !== 'messages') return { table, name, data }
    const id = await this.sealer.names.of('message', write.id)
    return { table, name, data: { id, order: write.key[1], data } }
  }

  /** What is to be deleted; null: everything. */
  private async aim(removal: Removal) {
    const { table } = removal
    if ('everything' in removal) return { table, key: null }
    if ('key' in removal) return { table, key: await this.name(table, removal.key) }
    return { table, key: allOf(await this.sealer.names.of(table, removal.conversation)) }
  }

  /** Where a record lies. */
  private async name<T extends TableName>(table: T, key: Key<TableName>): Promise<Key<T>> {
    return (await storedKey(this.sealer.names, table, key)) as Key<T>
  }

  private begin(tables: TableName[], durability: Durability) {
    try {
      return this.db.transaction(tables, 'readwrite', { durability })
    } catch (cause) {
      throw storageError(cause)
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

  private async openRows<T>(kind: StoredMessages<T>, rows: Row[]): Promise<T[]> {
    const names = rows.map(([name]) => name)
    const values = rows.map(([, { data }]) => data)
    return (await this.whole(reading(kind), names, values)).map(([, value]) => value)
  }

  /** Those that open. */
  private async whole<T>(
    kind: Reading<T>,
    names: readonly Key<TableName>[],
    values: readonly Uint8Array[],
  ): Promise<[Key<SealedTable>, T][]> {
    const opened = await Promise.all(
      values.map(async (sealed, i) => {
        const name = names[i] as Key<TableName>
        try {
          return [await this.openRecord(kind, name, sealed)]
        } catch (error) {
          if (!(error instanceof StorageError) || error.code !== 'damaged') throw error
          this.passedOver.add(place(kind.table, name))
          return []
        }
      }),
    )
    return opened.flat()
  }

  private rows(table: SealedTable) {
    return ask(() => Promise.all([this.db.getAllKeys(table), this.db.getAll(table)]))
  }

  private async openRecord<T>(
    kind: Reading<T>,
    name: Key<TableName>,
    sealed: Uint8Array,
  ): Promise<[Key<SealedTable>, T]> {
    const opened = await this.sealer.open(place(kind.table, name), sealed)
    try {
      const [key, value, version] = opened as [Key<SealedTable>, unknown, number?]
      return [key, kind.read(value, version)]
    } catch (cause) {
      throw new StorageError('damaged', `a record in ${kind.table} cannot be read`, { cause })
    }
  }
}
