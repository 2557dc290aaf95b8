/** The files of a history lie sealed on both devices while they are on their way, and not longer. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { directoryOf, eraseSealedFiles } from '@/files/erase-sealed-files'
import { historyOwed } from '@/messenger/core/linking-records'
import { OWED, WANTED } from '@/messenger/core/record-names'
import { Changes } from '@/storage/changes'
import { blobRelay } from '../../support/blob-relay'
import { Client, PASSWORD, settledClients } from '../../support/client'
import { begin, codeOf, linked } from '../../support/linking'
import { openStore, raw } from '../../support/storage'

beforeEach(async () => void (await blobRelay.anew()))

const patient = { timeout: 20_000 }

async function directory(client: Client): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  onTestFinished(() => eraseSealedFiles(client.database))
  return root.getDirectoryHandle(directoryOf(client.database), { create: true })
}
async function lyingOn(client: Client): Promise<string[]> {
  const all: string[] = []
  const listed = (await directory(client)) as unknown as { keys(): AsyncIterable<string> }
  for await (const name of listed.keys()) all.push(name)
  return all
}
/** Of the history on its way here. */
async function sizeOn(client: Client): Promise<number> {
  const name = (await lyingOn(client)).find((one) => one.startsWith(WANTED)) ?? ''
  const handle = await (await directory(client)).getFileHandle(name)
  return (await handle.getFile()).size
}
const nothingLiesOn = (client: Client) => expect.poll(() => lyingOn(client), patient).toEqual([])
const blobs = async () => (await blobRelay.state()).blobs

async function hasHistory(fresh: Client, bob: Client): Promise<void> {
  await fresh.messenger.openConversation(bob.chat)
  await expect.poll(() => fresh.flow(), patient).toEqual(['hello', 'hello back'])
  await expect.poll(blobs, patient).toEqual([])
}

test('once all of it is through, nothing of it lies on either device', async () => {
  const { relay, anna, bob } = await settledClients()
  const fresh = await linked(relay, anna)
  await hasHistory(fresh, bob)
  await nothingLiesOn(anna)
  await nothingLiesOn(fresh)
})

test('a part that is not up is spared when files without a record are removed', async () => {
  const { relay, anna, bob } = await settledClients()
  const picture = { content: new Blob(['sand']), name: 'a.jpg', type: 'image/jpeg' }
  await anna.messenger.sendFiles(bob.chat, [picture], '')
  await expect.poll(() => anna.shown.link.waiting, patient).toBe(0)
  // What lies here is read after the answer.
  await blobRelay.hold('HEAD')
  const fresh = await linked(relay, anna)
  await (await directory(anna)).getFileHandle('of no record', { create: true })
  await anna.reloaded()
  await expect.poll(() => lyingOn(anna), patient).not.toContain('of no record')
  await blobRelay.release()
  await fresh.messenger.openConversation(bob.chat)
  await expect.poll(() => fresh.flow(), patient).toEqual(expect.arrayContaining(['hello back']))
  await expect.poll(async () => (await lyingOn(anna)).length, patient).toBe(1)
})

test('so is one that is on its way here', async () => {
  const { relay, anna } = await settledClients()
  await blobRelay.hold('GET')
  const fresh = await linked(relay, anna)
  await expect.poll(() => lyingOn(fresh), patient).toEqual([expect.stringContaining(WANTED)])
  await (await directory(fresh)).getFileHandle('of no record', { create: true })
  // A link removes what one before left.
  await fresh.messenger.joinLink(await (await begin(relay)).code())
  await expect.poll(() => lyingOn(fresh), patient).not.toContain('of no record')
  expect(await lyingOn(fresh)).toContainEqual(expect.stringContaining(WANTED))
})

test('a download goes on where it was cut, in a page that was opened anew', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.hold('GET')
  const fresh = await linked(relay, anna)
  const areWhole = async () => (await blobs()).map(({ size, received }) => size === received)
  await expect.poll(areWhole, patient).toContain(true)
  await blobRelay.faults({ method: 'GET', cut: 200 })
  await blobRelay.release()
  await expect.poll(() => sizeOn(fresh).catch(() => 0), patient).toBe(200)
  await blobRelay.hold('GET')
  const { calls: before } = await blobRelay.state()
  await blobRelay.endCut()
  const again = await fresh.reloaded()
  await blobRelay.release()
  await hasHistory(again, bob)
  const { calls } = await blobRelay.state()
  const next = calls.slice(before.length).find((one) => one.startsWith('GET'))
  expect(next).toBe('GET from 200-')
})

test('an upload that a build before this one left, its bytes in the record, is finished', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.hold('PATCH')
  const fresh = await linked(relay, anna)
  anna.stop()
  const { db, store } = await openStore(anna.database)
  const keys = (await store.keys('records')).filter((key) => key.startsWith(OWED))
  expect(keys.length).toBeGreaterThan(0)
  for (const key of keys) {
    const owed = await store.get(historyOwed, key)
    const name = key.slice(OWED.length)
    const file = await (await (await directory(anna)).getFileHandle(name)).getFile()
    const blob = new Uint8Array(await file.arrayBuffer())
    const { id = '', at = 0 } = owed ?? {}
    const changes = new Changes().remove('records', key)
    await store.commit(changes.write(raw('records'), OWED + id, { id, blob, at }))
  }
  db.close()
  await eraseSealedFiles(anna.database)
  await anna.reloaded()
  await blobRelay.release()
  await hasHistory(fresh, bob)
})

test('a blob whose erasure was cut by a reload is erased by the next page', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.hold('DELETE')
  const fresh = await linked(relay, anna)
  const calls = async () => (await blobRelay.state()).calls
  await expect.poll(calls, patient).toContain('DELETE')
  const again = await fresh.reloaded()
  await blobRelay.release()
  await hasHistory(again, bob)
})

test('what did not come within a week is given up on both devices', async () => {
  const { relay, anna } = await settledClients()
  await blobRelay.faults({ method: 'GET', status: 503, retryAfter: 600, always: true })
  await blobRelay.hold('PATCH')
  const fresh = await linked(relay, anna)
  await expect.poll(() => lyingOn(fresh), patient).toEqual([expect.stringContaining(WANTED)])
  expect((await lyingOn(anna)).length).toBeGreaterThan(0)
  const now = (): number => Date.now() + 8 * 24 * 3_600_000
  await fresh.reloaded({ now })
  await anna.reloaded({ now })
  await nothingLiesOn(fresh)
  await nothingLiesOn(anna)
})

test('a device that can store no files now links another, and its history comes once it can', async () => {
  const { relay, anna, bob } = await settledClients()
  const root = await navigator.storage.getDirectory()
  onTestFinished(() => eraseSealedFiles(anna.database))
  await root.getFileHandle(directoryOf(anna.database), { create: true })
  const fresh = await linked(relay, anna)
  await root.removeEntry(directoryOf(anna.database))
  await hasHistory(fresh, bob)
})

describe('nothing stays on the old device', () => {
  async function joined() {
    const { relay, anna, bob } = await settledClients()
    const { code, digits } = await begin(relay)
    await anna.messenger.joinLink(await code())
    await expect.poll(async () => (await lyingOn(anna)).length, patient).toBe(1)
    return { relay, anna, bob, digits }
  }
  test('of a link that is left', async () => {
    const { anna } = await joined()
    anna.messenger.leaveLink()
    await nothingLiesOn(anna)
  })
  test('of a link whose page ended, once another is answered', async () => {
    const { relay, anna, bob } = await joined()
    const again = await anna.reloaded()
    expect(await lyingOn(again)).toHaveLength(1)
    await hasHistory(await linked(relay, again), bob)
    await nothingLiesOn(again)
  })
  test('of a part for which there is no room', async () => {
    const { anna, digits } = await joined()
    const full = { method: 'POST', status: 507, code: 'storage_full', always: true as const }
    await blobRelay.faults(full)
    await anna.messenger.confirmLink(await digits(), PASSWORD)
    await nothingLiesOn(anna)
  })
  test('when the relay fails to make room', async () => {
    const { anna, digits } = await joined()
    await blobRelay.faults({ method: 'POST', status: 500, code: 'internal' })
    const confirmed = anna.messenger.confirmLink(await digits(), PASSWORD)
    expect(await confirmed.catch(codeOf)).not.toBeUndefined()
    await nothingLiesOn(anna)
  })
})

test('room is made with a renewed token when the one before is over', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.faults({ method: 'POST', status: 401, code: 'token_expired' })
  await hasHistory(await linked(relay, anna), bob)
  expect((await blobRelay.state()).left).toBe(0)
})
