/** Second thoughts about messages with files, and about notes; files that are fetched again. */
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { own } from '@/crypto/bytes'
import { directoryOf, eraseSealedFiles } from '@/files/erase-sealed-files'
import { MAX_CAPTION } from '@/messenger/contract'
import type { NewFile } from '@/messenger/contract'
import { blobRelay } from '../../support/blob-relay'
import { Client, settledClients } from '../../support/client'
import { until } from '../../support/wait'

beforeEach(async () => void (await blobRelay.anew()))

const SLOW = 30_000
const PHRASE = 'seven words of a passphrase here'
const picture = (words = 'sand and water'): NewFile => ({
  content: new Blob([words.repeat(900)]),
  name: 'beach.jpg',
  type: 'image/jpeg',
})
const withFiles = (client: Client) => client.shown.messages.filter(({ files }) => files)
const last = (client: Client) => client.shown.messages.at(-1)

async function people() {
  const both = await settledClients()
  onTestFinished(async () => {
    for (const { database } of [both.anna, both.bob]) await eraseSealedFiles(database)
  })
  return both
}

async function lyingHere({ database }: Client): Promise<number> {
  const root = await navigator.storage.getDirectory()
  const directory = await root.getDirectoryHandle(directoryOf(database), { create: true })
  let count = 0
  for await (const _ of (directory as unknown as { keys(): AsyncIterable<string> }).keys()) {
    count += 1
  }
  return count
}

test('a message with files that could not be read comes again with its files', async () => {
  const { relay, anna, bob } = await people()
  let garbled = 0
  relay.onEnvelope = (one, user) => {
    if (garbled > 0 || user.name !== 'bob' || one.from.user_id !== anna.userId) return [one]
    garbled += 1
    const body = own(one.body)
    body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1
    return [{ ...one, body }]
  }
  await anna.messenger.sendFiles(bob.chat, [picture()], 'From the beach')
  await until(() => withFiles(bob).length === 1, 'fetched again', SLOW)
  const [message] = withFiles(bob)
  expect(message).toMatchObject({ text: 'From the beach', files: [{ name: 'beach.jpg' }] })
  const opened = await bob.messenger.openFile(message?.id ?? '', message?.files?.[0]?.id ?? '')
  expect(await opened.text()).toBe('sand and water'.repeat(900))
})

test('a caption is edited, added and taken away; the files stay', async () => {
  const { anna, bob } = await people()
  const { id } = await anna.messenger.sendFiles(bob.chat, [picture()], '')
  await until(() => withFiles(bob).length === 1, 'arrived', SLOW)
  await anna.messenger.edit(id, 'From the beach')
  await until(() => last(bob)?.text === 'From the beach', 'added')
  expect(last(bob)).toMatchObject({ files: [{ name: 'beach.jpg' }], edited: {} })
  await anna.messenger.edit(id, '')
  await until(() => last(bob)?.text === '', 'taken away')
  expect(withFiles(bob)).toHaveLength(1)
  await expect(anna.messenger.edit(id, 'x'.repeat(MAX_CAPTION + 1))).rejects.toMatchObject({
    code: 'too_long',
  })
})

test('with messages that are deleted for everyone their files go: here, there and at the relay', async () => {
  const { anna, bob } = await people()
  const one = await anna.messenger.sendFiles(bob.chat, [picture()], 'one')
  const two = await anna.messenger.sendFiles(bob.chat, [picture('other ')], 'two')
  await until(() => withFiles(bob).length === 2, 'arrived', SLOW)
  for (const { id, files } of withFiles(bob)) {
    await bob.messenger.openFile(id, files?.[0]?.id ?? '')
  }
  await until(() => anna.shown.link.waiting === 0, 'sent', SLOW)
  await anna.messenger.deleteForAll([one.id, two.id])
  await until(async () => (await blobRelay.state()).blobs.length === 0, 'gone at the relay', SLOW)
  await until(async () => (await lyingHere(anna)) === 0, 'gone here', SLOW)
  await until(async () => (await lyingHere(bob)) === 0, 'gone there', SLOW)
  expect([...withFiles(anna), ...withFiles(bob)]).toEqual([])
})

test('files of a message that disappears go; at the relay once it was read', async () => {
  let ahead = 0
  const { anna, bob } = await settledClients({ now: () => Date.now() + ahead })
  onTestFinished(async () => {
    for (const { database } of [anna, bob]) await eraseSealedFiles(database)
  })
  await anna.messenger.setTimer(bob.chat, 60, 'x')
  await until(() => bob.shown.conversations.get(anna.chat)?.timer === 60, 'known')
  await anna.messenger.sendFiles(bob.chat, [picture()], 'read')
  await until(() => withFiles(bob).length === 1, 'arrived', SLOW)
  await bob.messenger.markRead(anna.chat)
  await until(() => last(anna)?.status === 'read', 'read', SLOW)
  await anna.messenger.sendFiles(bob.chat, [picture('other ')], 'not yet')
  await until(() => withFiles(bob).length === 2, 'arrived', SLOW)
  await until(() => last(anna)?.status !== 'waiting', 'sent', SLOW)
  ahead = 61_000
  const sender = await anna.reloaded()
  await sender.messenger.openConversation(bob.chat)
  expect(withFiles(sender)).toEqual([])
  await until(async () => (await lyingHere(sender)) === 0, 'gone here', SLOW)
  await until(async () => (await blobRelay.state()).blobs.length === 1, 'one at the relay', SLOW)
  const reader = await bob.reloaded()
  await reader.messenger.openConversation(anna.chat)
  const [left] = withFiles(reader)
  expect(left?.text).toBe('not yet')
  const opened = await reader.messenger.openFile(left?.id ?? '', left?.files?.[0]?.id ?? '')
  expect(await opened.text()).toBe('other '.repeat(900))
})

test('an own note is edited and reacted to, also on one’s other devices', async () => {
  const { relay, anna } = await people()
  const notes = await anna.messenger.openNotes()
  await anna.messenger.openConversation(notes)
  const alone = await anna.messenger.sendText(notes, 'milk')
  await anna.messenger.edit(alone.id, 'milk and bread')
  expect(anna.shown.link.waiting).toBe(0)
  const { file } = await anna.messenger.createBackup(PHRASE)
  const phone = await Client.loggedIn('anna', relay)
  await phone.messenger.restoreBackup(file, PHRASE)
  await until(() => (anna.shown.state.newDevices?.length ?? 0) > 0, 'known to the first')
  await phone.messenger.openConversation(notes)
  const copied = () => phone.shown.messages.find(({ id }) => id === alone.id)
  expect(copied()?.edited?.before).toMatchObject([{ text: 'milk' }])
  await anna.messenger.edit(alone.id, 'bread')
  await anna.messenger.react(alone.id, '👍')
  await until(() => copied()?.text === 'bread', 'edited')
  await until(() => copied()?.reactions?.[0]?.mine === true, 'reaction')
})
