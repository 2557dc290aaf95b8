import { onTestFinished, vi } from 'vitest'

/** The disk of one database is full for `writes` writes, until the test is over at the latest. */
export function fillDisk(database: string, writes = 1): { refused: () => number } {
  const { put } = IDBObjectStore.prototype
  let refused = 0
  const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
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
  onTestFinished(() => void full.mockRestore())
  return { refused: () => refused }
}
