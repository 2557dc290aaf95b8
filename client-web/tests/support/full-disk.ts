import { vi } from 'vitest'

/** The disk of one database is full for `writes` writes; undone by `vi.restoreAllMocks`. */
export function fillDisk(database: string, writes = 1): { refused: () => number } {
  const { put } = IDBObjectStore.prototype
  let refused = 0
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
    this: IDBObjectStore,
    value: unknown,
    key?: IDBValidKey,
  ) {
    if (refused >= writes || this.transaction.db.name !== database) {
      return put.call(this, value, key)
    }
    refused += 1
    throw new DOMException('full', 'QuotaExceededError')
  })
  return { refused: () => refused }
}
