import { onTestFinished, vi } from 'vitest'

/** Messages of one database cannot be deleted so many times, until the test is over at the latest. */
export function keepMessages(database: string, times: number): { refused: () => number } {
  const remove = IDBObjectStore.prototype.delete
  let refused = 0
  const kept = vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(function (
    this: IDBObjectStore,
    key: IDBValidKey | IDBKeyRange,
  ) {
    const isOther = this.transaction.db.name !== database || this.name !== 'messages'
    if (refused >= times || isOther) return remove.call(this, key)
    refused += 1
    throw new DOMException('full', 'QuotaExceededError')
  })
  onTestFinished(() => void kept.mockRestore())
  return { refused: () => refused }
}

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
