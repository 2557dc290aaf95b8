/** Messages with files: sealed here, waited for by the outbox, fetched, checked and removed there. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { random, utf8 } from '@/crypto/bytes'
import { directoryOf, eraseSealedFiles } from '@/files/erase-sealed-files'
import type { Message, NewFile } from '@/messenger/contract'
import { blobRelay } from '../../support/blob-relay'
import { acquaintedClients, Client, strangers } from '../../support/client'
import { until } from '../../support/wait'

beforeEach(async () => void (await blobRelay.anew()))

const picture = (name = 'beach.jpg', words = 'sand and water'): NewFile => ({
  content: new Blob([words.repeat(9_000)]),
  name,
  type: 'image/jpeg',
  width: 1600,
  height: 1200,
  thumbnail: random(900),
})
const SLOW = 30_000
const PHRASE = 'seven words of a passphrase here'
const withFiles = (client: Client): Message[] => client.shown.messages.filter((one) => one.files)
const firstFile = (message: Message | undefined) => message?.files?.[0]?.id ?? ''

async function lyingHere(client: Client): Promise<string[]> {
  const root = await navigator.storage.getDirectory()
  const names: string[] = []
  const directory = await root.getDirectoryHandle(directoryOf(client.database), { create: true })
  for await (const name of (directory as unknown as { keys(): AsyncIterable<string> }).keys()) {
    names.push(name)
  }
  return names
}
async function people() {
  const both = await acquaintedClients()
  const { anna, bob } = both
  onTestFinished(async () => {
    for (const { database } of [anna, bob]) await eraseSealedFiles(database)
  })
  return both
}
/** Anna's files have arrived at Bob's. */
async function arrived(bob: Client, count = 1): Promise<Message> {
  await until(() => withFiles(bob).length === count, 'a message with files', SLOW)
  return withFiles(bob).at(-1) as Message
}

test('pictures with a caption arrive with what is shown at once, and open as they were', async () => {
  const { anna, bob } = await people()
  const files = [picture('one.jpg', 'the first '), picture('../two\u202E.jpg', 'the second ')]
  await anna.messenger.sendFiles(bob.chat, files, 'From the beach')
  const message = await arrived(bob)
  expect(message).toMatchObject({ kind: 'text', text: 'From the beach' })
  expect(message.files).toMatchObject([
    { kind: 'image', name: 'one.jpg', width: 1600, height: 1200, type: 'image/jpeg' },
    { kind: 'image', name: 'two.jpg' },
  ])
  expect(message.files?.[0]?.thumbnail?.size).toBe(900)
  expect(bob.shown.files.size).toBe(0)
  const opened = await bob.messenger.openFile(message.id, firstFile(message))
  expect(await opened.text()).toBe('the first '.repeat(9_000))
  expect(opened.type).toBe('image/jpeg')
  expect(bob.shown.files.get(firstFile(message))).toEqual({ phase: 'here' })
  // It is not fetched twice, also after a reload.
  const { calls } = await blobRelay.state()
  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  const kept = await again.messenger.openFile(message.id, firstFile(message))
  expect(await kept.text()).toBe('the first '.repeat(9_000))
  expect((await blobRelay.state()).calls).toEqual(calls)
  const mine = withFiles(anna)[0] as Message
  const own = await anna.messenger.openFile(mine.id, firstFile(mine))
  expect(await own.text()).toBe('the first '.repeat(9_000))
})

test('a message waits for its files, is overtaken by text, and goes on after a reload', async () => {
  const { anna, bob } = await people()
  await blobRelay.faults({ method: 'PATCH', status: 503, code: 'unavailable', retryAfter: 600 })
  const { id } = await anna.messenger.sendFiles(bob.chat, [picture()], 'late')
  await anna.messenger.sendText(bob.chat, 'meanwhile')
  await until(() => bob.received().includes('meanwhile'), 'the text', SLOW)
  expect(withFiles(bob)).toEqual([])
  const waiting = anna.shown.messages.find((one) => one.id === id)
  expect(waiting?.status).toBe('waiting')
  await until(
    () => {
      const state = anna.shown.files.get(firstFile(waiting))
      return state?.phase === 'up' && state.waitsUntil !== null
    },
    'the wait is shown',
    SLOW,
  )
  const again = await anna.reloaded()
  await again.messenger.openConversation(bob.chat)
  expect((await arrived(bob)).text).toBe('late')
  await until(() => again.shown.link.waiting === 0, 'sent', SLOW)
  const { calls, blobs } = await blobRelay.state()
  expect(calls.filter((one) => one === 'POST')).toHaveLength(1)
  expect(blobs).toHaveLength(1)
})

test.each([
  ['storage_full', 507, 'files_full'],
  ['too_large', 413, 'file_too_large'],
])(
  'an upload that is refused as %s says so, and can be tried again',
  async (code, status, problem) => {
    const { anna, bob } = await people()
    await blobRelay.faults({ method: 'POST', status, code })
    const { id } = await anna.messenger.sendFiles(bob.chat, [picture()], '')
    const mine = () => anna.shown.messages.find((one) => one.id === id)
    await until(() => mine()?.problem === problem, 'the problem', SLOW)
    await anna.messenger.sendAgain(id)
    expect((await arrived(bob)).text).toBe('')
    await until(() => mine()?.problem === null, 'no problem', SLOW)
  },
)

describe('files go', () => {
  test('with a message that did not leave, at the relay too', async () => {
    const { anna, bob } = await people()
    await blobRelay.faults({ method: 'PATCH', status: 503, code: 'unavailable', retryAfter: 600 })
    const { id } = await anna.messenger.sendFiles(bob.chat, [picture()], '')
    await until(async () => (await blobRelay.state()).left === 0, 'begun', SLOW)
    await anna.messenger.deleteForMe(bob.chat, [id])
    await until(async () => (await blobRelay.state()).blobs.length === 0, 'erased', SLOW)
    await until(async () => (await lyingHere(anna)).length === 0, 'gone here', SLOW)
    expect(anna.shown.files.size).toBe(0)
    expect(anna.shown.link.waiting).toBe(0)
  })
  test('with a message that left, from this device', async () => {
    const { anna, bob } = await people()
    const { id } = await anna.messenger.sendFiles(bob.chat, [picture()], '')
    const message = await arrived(bob)
    await bob.messenger.openFile(message.id, firstFile(message))
    await until(() => anna.shown.link.waiting === 0, 'sent', SLOW)
    await anna.messenger.deleteForMe(bob.chat, [id])
    await until(async () => (await lyingHere(anna)).length === 0, 'gone here', SLOW)
    expect((await blobRelay.state()).blobs).toHaveLength(1)
    await bob.messenger.deleteConversation(anna.chat)
    await until(async () => (await lyingHere(bob)).length === 0, 'gone there', SLOW)
  })
  test('by conversation, to make room, and can be fetched again', async () => {
    const { anna, bob } = await people()
    await anna.messenger.sendFiles(bob.chat, [picture(), picture('other.jpg', 'other ')], '')
    const message = await arrived(bob)
    for (const { id } of message.files ?? []) await bob.messenger.openFile(message.id, id)
    const [use] = await bob.messenger.fileUse()
    expect(use).toMatchObject({ conversation: anna.chat, files: 2 })
    expect(use?.bytes).toBeGreaterThan(2 * 60_000)
    await bob.messenger.freeFiles(anna.chat)
    await until(async () => (await lyingHere(bob)).length === 0, 'gone', SLOW)
    expect(await bob.messenger.fileUse()).toEqual([])
    const opened = await bob.messenger.openFile(message.id, firstFile(message))
    expect(await opened.text()).toContain('sand and water')
  })
  test('with everything of the device', async () => {
    const { anna, bob } = await people()
    await anna.messenger.sendFiles(bob.chat, [picture()], '')
    await arrived(bob)
    await anna.messenger.eraseDevice()
    expect(await lyingHere(anna)).toEqual([])
  })
})

describe('what the relay gives', () => {
  test('in a file’s place is not shown', async () => {
    const { anna, bob } = await people()
    await anna.messenger.sendFiles(bob.chat, [picture()], '')
    const message = await arrived(bob)
    const { blobs } = await blobRelay.state()
    await blobRelay.put(blobs[0]?.id ?? '', utf8('<script>'))
    await expect(bob.messenger.openFile(message.id, firstFile(message))).rejects.toMatchObject({
      code: 'file_broken',
    })
    expect(bob.shown.files.get(firstFile(message))).toEqual({ phase: 'broken' })
    expect(await lyingHere(bob)).toEqual([])
  })
  test('no more, is told as that', async () => {
    const { anna, bob } = await people()
    await anna.messenger.sendFiles(bob.chat, [picture()], '')
    const message = await arrived(bob)
    await blobRelay.anew()
    await expect(bob.messenger.openFile(message.id, firstFile(message))).rejects.toMatchObject({
      code: 'gone',
    })
    expect(bob.shown.files.get(firstFile(message))).toEqual({ phase: 'gone' })
  })
})

test('a download is cancelled, and nothing of it stays', async () => {
  const { anna, bob } = await people()
  await anna.messenger.sendFiles(bob.chat, [picture()], '')
  const message = await arrived(bob)
  await blobRelay.faults({ method: 'GET', status: 503, code: 'unavailable', retryAfter: 600 })
  const opening = bob.messenger.openFile(message.id, firstFile(message))
  const failed = opening.catch((error: unknown) => error)
  await until(
    () => {
      const state = bob.shown.files.get(firstFile(message))
      return state?.phase === 'down' && state.waitsUntil !== null
    },
    'the wait is shown',
    SLOW,
  )
  await bob.messenger.cancelDownload(firstFile(message))
  expect(await failed).toMatchObject({ code: 'cancelled' })
  expect(bob.shown.files.size).toBe(0)
})

test('a file that is no picture is handed on as one that no page opens', async () => {
  const { anna, bob } = await people()
  const page = { content: new Blob(['<script>x</script>']), name: 'a/b.html', type: 'text/html' }
  await anna.messenger.sendFiles(bob.chat, [page], '')
  const message = await arrived(bob)
  expect(message.files?.[0]).toMatchObject({ kind: 'file', name: 'b.html' })
  const opened = await bob.messenger.openFile(message.id, firstFile(message))
  expect(opened.type).toBe('application/octet-stream')
  await bob.messenger.keepFile(message.id, firstFile(message))
  expect(bob.saved[0]).toMatchObject({ name: 'b.html' })
  expect(bob.saved[0]?.file.type).toBe('application/octet-stream')
})

test('a new device has the files of a backup’s messages, and gets those that are sent later', async () => {
  const { relay, anna, bob } = await people()
  await anna.messenger.sendFiles(bob.chat, [picture('old.jpg', 'old ')], '')
  await arrived(bob)
  await until(() => anna.shown.link.waiting === 0, 'sent', SLOW)
  const { file } = await anna.messenger.createBackup(PHRASE)
  const second = await Client.loggedIn('anna', relay)
  onTestFinished(() => eraseSealedFiles(second.database))
  await second.messenger.restoreBackup(file, PHRASE)
  await second.messenger.openConversation(bob.chat)
  const [old] = withFiles(second)
  expect(old?.files?.[0]?.thumbnail?.size).toBe(900)
  const opened = await second.messenger.openFile(old?.id ?? '', firstFile(old))
  expect(await opened.text()).toContain('old ')
  await anna.messenger.sendFiles(bob.chat, [picture('new.jpg', 'new ')], '')
  const copy = await arrived(second, 2)
  expect(copy.direction).toBe('out')
  const fetched = await second.messenger.openFile(copy.id, firstFile(copy))
  expect(await fetched.text()).toContain('new ')
})

test('nothing is fetched unasked from somebody who was not accepted', async () => {
  const { anna, bob } = await strangers()
  onTestFinished(() => eraseSealedFiles(anna.database))
  await anna.messenger.addContactByCode(bob.code)
  await anna.messenger.sendFiles(bob.chat, [picture()], 'hi')
  await until(() => bob.shown.waiting.length === 1, 'a request', SLOW)
  await bob.messenger.openConversation(anna.chat)
  const message = await arrived(bob)
  await expect(bob.messenger.openFile(message.id, firstFile(message), true)).rejects.toMatchObject({
    code: 'not_found',
  })
  expect((await blobRelay.state()).calls.filter((one) => one === 'GET')).toEqual([])
})
