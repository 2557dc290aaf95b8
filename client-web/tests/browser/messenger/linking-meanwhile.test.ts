/** What happens while a device is being linked reaches it, once, whatever is on its way. */
import { beforeEach, expect, test } from 'vitest'
import { conversationWith } from '@/messenger/contract'
import { blobRelay } from '../../support/blob-relay'
import { Client, PASSWORD, settledClients } from '../../support/client'
import { begin, linked } from '../../support/linking'
import type { TestRelay } from '../../support/test-relay'
import { until } from '../../support/wait'

beforeEach(async () => void (await blobRelay.anew()))

const patient = { timeout: 15_000 }
const blobsLeft = async () => (await blobRelay.state()).blobs.length
const chat = (client: Client, of: Client) => client.shown.conversations.get(of.chat)

/** A device that is linked; what happens between the history and its keys is `between`. */
async function linkedWith(relay: TestRelay, old: Client, between: () => Promise<unknown>) {
  let letIn = (): void => undefined
  const mayPublish = new Promise<void>((done) => (letIn = done))
  const wire = relay.wire(async ({ method, path }) => {
    if (method === 'PUT' && path === '/v1/keys') await mayPublish
  })
  const { fresh, outcome, code, digits } = await begin(relay, { wire })
  await old.messenger.joinLink(await code())
  await old.messenger.confirmLink(await digits(), PASSWORD)
  await between()
  letIn()
  expect(await outcome).toBe('in')
  return fresh
}

const PHRASE = 'seven words of a passphrase here'

/** Another device of the account, from a backup; the first one is off line. */
async function joined(relay: TestRelay, first: Client): Promise<Client> {
  const again = await first.reloaded()
  const { file } = await again.messenger.createBackup(PHRASE)
  again.stop()
  const second = await Client.loggedIn(first.name, relay)
  await second.messenger.restoreBackup(file, PHRASE)
  return second
}

test('what is written and changed before the new device has keys reaches it once', async () => {
  const { relay, anna, bob } = await settledClients()
  const notes = conversationWith(anna.userId)
  const fresh = await linkedWith(relay, anna, async () => {
    await anna.messenger.sendText(notes, 'a note')
    await anna.messenger.sendText(bob.chat, 'from the old one')
    await bob.messenger.sendText(anna.chat, 'from bob')
    await until(() => anna.received().includes('from bob'), 'received')
    await anna.messenger.setPinned(bob.chat, true)
    await anna.messenger.setNickname(bob.userId, 'Bobby')
    await anna.messenger.block(bob.userId)
  })
  await until(() => chat(fresh, bob)?.pinned === true, 'pinned')
  await until(() => fresh.contact(bob)?.nickname === 'Bobby', 'named')
  await until(() => fresh.contact(bob)?.blocked === true, 'blocked')
  await fresh.messenger.openConversation(bob.chat)
  await until(() => fresh.flow().length === 4, 'all of it', 15_000)
  expect(fresh.flow().toSorted()).toEqual(anna.flow().toSorted())
  expect(fresh.statuses()).not.toContain('waiting')
  await fresh.messenger.openConversation(notes)
  await until(() => fresh.flow().join() === 'a note', 'noted')
})

test('a change made before the relay listed the other devices waits for the list', async () => {
  const { relay, anna, bob } = await settledClients()
  anna.stop()
  const second = await joined(relay, anna)
  let list = (): void => undefined
  const mayList = new Promise<void>((done) => (list = done))
  const wire = relay.wire(async ({ method, path }) => {
    if (method === 'GET' && path === '/v1/keys') await mayList
  })
  const again = await anna.reloaded({ wire })
  await until(() => again.shown.link.state === 'online', 'connected')
  await again.messenger.setPinned(bob.chat, true)
  list()
  await until(() => chat(second, bob)?.pinned === true, 'pinned')
})

test('a link that came to nothing keeps nothing back', async () => {
  const { relay, anna, bob } = await settledClients()
  const second = await linked(relay, anna)
  const { code } = await begin(relay)
  await anna.messenger.joinLink(await code())
  anna.messenger.leaveLink()
  await anna.messenger.setPinned(bob.chat, true)
  await until(() => chat(second, bob)?.pinned === true, 'pinned')
})

test('history for which the relay has no room in this hour comes later, whole', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.faults({ method: 'POST', status: 429, code: 'rate_limited', always: true })
  const fresh = await linked(relay, anna)
  await fresh.messenger.openConversation(bob.chat)
  expect(fresh.flow()).toEqual([])
  // And over a restart.
  await (await anna.reloaded()).messenger.openConversation(bob.chat)
  await blobRelay.faults()
  await until(() => fresh.flow().join() === 'hello,hello back', 'all of it', 20_000)
  await expect.poll(blobsLeft, patient).toBe(0)
})

test('a second device gets what came while it was linked, though the first still waits for room', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.faults({ method: 'POST', status: 429, code: 'rate_limited', always: true })
  await linked(relay, anna)
  const asked = async () => (await blobRelay.state()).calls.filter((one) => one === 'POST').length
  await expect.poll(asked, patient).toBeGreaterThan(1)
  const fresh = await linkedWith(relay, anna, async () => {
    await bob.messenger.sendText(anna.chat, 'meanwhile')
    await anna.messenger.openConversation(bob.chat)
    await until(() => anna.received().includes('meanwhile'), 'received')
  })
  await blobRelay.faults()
  await fresh.messenger.openConversation(bob.chat)
  await until(() => fresh.flow().join() === 'hello,hello back,meanwhile', 'all of it', 20_000)
})

test('a file that the relay gave up keeps the others of the history from nobody', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.faults({ method: 'PATCH', status: 404, code: 'not_found' })
  const fresh = await linked(relay, anna)
  await fresh.messenger.openConversation(bob.chat)
  // The rest has what was written within the last hour.
  await until(() => fresh.flow().join() === 'hello,hello back', 'the rest', 20_000)
  await expect.poll(blobsLeft, patient).toBe(1)
})

const actions: [string, (anna: Client, bob: Client) => Promise<unknown>][] = [
  [
    'deleted here',
    async (anna, bob) => anna.messenger.deleteForMe(bob.chat, [anna.shown.messages[0]?.id ?? '']),
  ],
  [
    'deleted for everyone',
    async (anna) => anna.messenger.deleteForAll([anna.shown.messages[0]?.id ?? '']),
  ],
  ['edited', async (anna) => anna.messenger.edit(anna.shown.messages[0]?.id ?? '', 'another')],
  [
    'edited by the other side',
    async (_, bob) => bob.messenger.edit(bob.shown.messages[1]?.id ?? '', 'another'),
  ],
  ['reacted to', async (anna) => anna.messenger.react(anna.shown.messages[1]?.id ?? '', '👍')],
  ['read by the other side', async (anna, bob) => bob.messenger.markRead(anna.chat)],
  ['a whole chat deleted', async (anna, bob) => anna.messenger.deleteConversation(bob.chat)],
]

const told = (client: Client) =>
  client.shown.messages.map(({ kind, text, direction, status, reactions }) => ({
    kind,
    text,
    status: direction === 'out' ? status : null,
    reactions: reactions?.map(({ emoji }) => emoji) ?? [],
  }))

test.each(actions)('history that comes after a message was %s', async (name, act) => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.hold('PATCH')
  const fresh = await linked(relay, anna)
  await act(anna, bob)
  if (name.startsWith('read')) await until(() => anna.statuses()[0] === 'read', 'read')
  // A later change comes after those before it.
  await anna.messenger.setMuted(bob.chat, true)
  await until(() => chat(fresh, bob)?.muted === true, 'heard')
  await bob.messenger.sendText(anna.chat, 'since')
  await blobRelay.release()
  await expect.poll(blobsLeft, patient).toBe(0)
  // Before that, its newest page might be the message since alone.
  await fresh.messenger.openConversation(bob.chat)
  await until(() => fresh.received().includes('since'), 'received')
  await anna.messenger.openConversation(bob.chat)
  await until(() => anna.received().includes('since'), 'received')
  expect(told(fresh)).toEqual(told(anna))
})
