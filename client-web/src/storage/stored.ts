import type { Decoder } from './decoders'
import type { SealedTable } from './schema'

/**
 * A kind of record. `versions` reads each version that was ever written, as the present type; append
 * only. A record carries its version from the second on; one without is of the first.
 */
export interface Stored<T, Table extends SealedTable | 'messages' = SealedTable> {
  readonly table: Table
  readonly versions: readonly Decoder<T>[]
}

export type StoredMessages<T> = Stored<T, 'messages'>

export const stored = <T, Table extends SealedTable | 'messages'>(
  table: Table,
  ...versions: readonly Decoder<T>[]
): Stored<T, Table> => ({ table, versions })

/** @throws TypeError also for a version that only a newer build knows */
export function decodeStored<T>(
  { versions }: Pick<Stored<T>, 'versions'>,
  value: unknown,
  version = 1,
): T {
  const read = versions[version - 1]
  if (!read) throw new TypeError(`version ${version} is not known`)
  return read(value)
}

/** What is read of a table's records. */
export interface Reading<T> {
  table: SealedTable | 'messages'
  read(value: unknown, version?: number): T
}

export const reading = <T>(kind: Stored<T, SealedTable | 'messages'>): Reading<T> => ({
  table: kind.table,
  read: (value, version) => decodeStored(kind, value, version),
})
