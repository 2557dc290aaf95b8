/** What the browser aborts, as when it clears a site's data, fails what was asked, and nothing else. */
import { onTestFinished, expect, test, vi } from 'vitest'
import { openStore, raw, rawMessages } from '../../support/storage'

test('a read that is aborted fails once: no rejection is left unhandled', async () => {
  const { store } = await openStore()
  const left: unknown[] = []
  const note = (event: PromiseRejectionEvent): void => {
    event.preventDefault()
    left.push(event.reason)
  }
  addEventListener('unhandledrejection', note)
  onTestFinished(() => removeEventListener('unhandledrejection', note))
  const begun: IDBTransaction[] = []
  const { objectStore } = IDBTransaction.prototype
  vi.spyOn(IDBTransaction.prototype, 'objectStore').mockImplementation(function (
    this: IDBTransaction,
    name: string,
  ) {
    begun.push(this)
    return objectStore.call(this, name)
  })
  const asked = [
    store.page(rawMessages(), 'c', Infinity, 20),
    store.all(raw('contacts')),
    store.countMessages(),
  ]
  const outcomes = Promise.allSettled(asked)
  await vi.waitUntil(() => begun.length >= asked.length)
  for (const one of begun) one.abort()
  expect((await outcomes).map(({ status }) => status)).toContain('rejected')
  // The browser tells of what was left after the turn in which it was rejected.
  await new Promise((turn) => setTimeout(turn))
  expect(left).toEqual([])
})
