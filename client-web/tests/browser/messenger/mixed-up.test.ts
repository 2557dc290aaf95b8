/** A relay that answers with somebody else's user id, and what becomes of the conversation then. */
import { describe, expect, test } from 'vitest'
import { encodeContent } from '@/messenger/contents/codec'
import { timeline } from '@/composables/timeline'
import { conversationWith } from '@/messenger/contract'
import { acquaintedClients, Client, contacts, strangers } from '../../support/client'
import { forgedFor } from '../../support/forged'
import type { TestRelay } from '../../support/test-relay'
import { until } from '../../support/wait'

/** The id that contact answers for this name carry instead of the right one. */
function answerWith(relay: TestRelay, userId: string) {
  relay.onAnswer = (path, answer) =>
    path.includes('/contacts/') ? { ...answer, user_id: userId } : answer
}

/** A request that the relay made up: a key of its own, under a name of its choice. */
async function forgedRequest(relay: TestRelay, bob: Client, username: string, text: string) {
  const userId = crypto.randomUUID()
  const forged = await forgedFor(relay, 'bob', (identity) =>
    encodeContent({
      v: 1,
      type: 'text',
      id: crypto.randomUUID(),
      from: { user_id: userId, device_id: 1, username, identity },
      to: bob.userId,
      n: 1,
      sent_at: Date.now(),
      text,
    }),
  )
  const from = { user_id: userId, device_id: 1 }
  relay.deliver(relay.user('bob'), relay.device('bob'), { ...forged, from })
  await until(() => bob.shown.waiting.some((one) => one.userId === userId), 'a request')
  return userId
}

describe('threat 35: an answer under the id of a request that waits', () => {
  test('under another name nobody is added, by code or by QR', async () => {
    const { relay, anna, bob } = await strangers()
    const id = await forgedRequest(relay, bob, 'mallory', 'send money')
    answerWith(relay, id)
    const refused = { code: 'name_mismatch' }
    await expect(bob.messenger.addContactByQr(anna.qr)).rejects.toMatchObject(refused)
    await expect(bob.messenger.addContactByCode(anna.code)).rejects.toMatchObject(refused)
    expect(bob.shown.contacts.get(id)).toMatchObject({ username: 'mallory', relation: 'request' })
    expect(bob.eventTypes()).toContain('answer_refused')
  })

  test('under the same name and another key: refused, until the request is deleted', async () => {
    const { relay, anna, bob } = await strangers()
    const id = await forgedRequest(relay, bob, 'anna', 'send money')
    answerWith(relay, id)
    await expect(bob.messenger.addContactByQr(anna.qr)).rejects.toMatchObject({
      code: 'request_in_the_way',
    })
    expect(bob.shown.contacts.get(id)).toMatchObject({ trust: 'unverified', relation: 'request' })
    await bob.messenger.declineRequest(id)
    await bob.messenger.addContactByQr(anna.qr)
    await bob.messenger.openConversation(conversationWith(id))
    expect(bob.shown.contacts.get(id)).toMatchObject({ username: 'anna', trust: 'verified' })
    expect(bob.received()).toEqual([])
  })

  test('one that was deleted lends its name to nobody', async () => {
    const { relay, anna, bob } = await strangers()
    const id = await forgedRequest(relay, bob, 'mallory', 'send money')
    await bob.messenger.declineRequest(id)
    answerWith(relay, id)
    await bob.messenger.addContactByCode(anna.code)
    expect(bob.shown.contacts.get(id)).toMatchObject({ username: 'anna', code: anna.code })
  })
})

test('threat 35: a key that is known under another id is refused', async () => {
  const { relay, anna, bob } = await contacts()
  answerWith(relay, crypto.randomUUID())
  const refused = { code: 'key_known' }
  await expect(bob.messenger.addContactByQr(anna.qr)).rejects.toMatchObject(refused)
  await expect(bob.messenger.addContactByCode(anna.code)).rejects.toMatchObject(refused)
  expect(bob.shown.contacts.size).toBe(1)
})

describe('a copy from another device of one’s own', () => {
  /** Anna's second device writes to Bob; the first gets a copy. */
  async function twoDevices() {
    const { relay, anna, bob } = await acquaintedClients()
    const { file } = await anna.messenger.createBackup('seven words of a passphrase here')
    const second = await Client.loggedIn('anna', relay)
    await second.messenger.restoreBackup(file, 'seven words of a passphrase here')
    return { relay, anna, bob, second }
  }

  test('to a key that is not the pinned one is told of, and divides the conversation', async () => {
    const { relay, anna, bob, second } = await twoDevices()
    bob.stop()
    const phone = await Client.anew('bob', relay)
    // What the second device says of its decision does not come: the copy alone decides nothing.
    const told = () => relay.sends.filter(({ payload }) => payload.to === anna.userId).length
    await until(() => (anna.shown.state.newDevices?.length ?? 0) > 0, 'known to each other')
    const before = told()
    relay.onEnvelope = (one, to) => (to.name === 'anna' ? [] : [one])
    await second.messenger.addContactByQr(phone.qr)
    await until(() => told() === before + 2, 'told: a contact, and verified')
    relay.onEnvelope = (one) => [one]
    await second.messenger.openConversation(phone.chat)
    await second.messenger.sendText(phone.chat, 'to the new phone')
    const sent = () => anna.shown.messages.find(({ text }) => text === 'to the new phone')
    await until(() => sent() !== undefined, 'the copy')
    expect(anna.contact(phone)).toMatchObject({ trust: 'changed', identity: bob.identity })
    expect(sent()?.encryption?.identity).toBe(phone.identity)
    const rows = timeline(anna.shown.messages).map((row) => row.kind)
    expect(rows.lastIndexOf('key')).toBe(rows.length - 2)
  })
})

test('two people of one name are told apart, and are one again when the other goes', async () => {
  const { relay, anna, bob } = await contacts()
  expect(bob.contact(anna)?.alike).toBeNull()
  const id = await forgedRequest(relay, bob, 'anna', 'it is me')
  const alike = (client: Client) =>
    [id, anna.userId].map((one) => client.shown.contacts.get(one)?.alike)
  expect(alike(bob)).toEqual(['name', 'name'])
  const again = await bob.reloaded()
  expect(alike(again)).toEqual(['name', 'name'])
  await again.messenger.declineRequest(id)
  expect(alike(again)).toEqual([null, null])
})

test('a backup whose contact waits here as a request under another key replaces the request', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  const phrase = 'seven words of a passphrase here'
  const { file } = await bob.messenger.createBackup(phrase)
  // Anna's own messages would make her key known before the backup does.
  anna.stop()
  // A working device of Bob's that does not know Anna; the relay uses her id for its own.
  const second = await Client.loggedIn('bob', relay)
  await second.messenger.restoreBackup(file, phrase)
  await second.messenger.removeContact(anna.userId)
  const device = relay.device('bob', 2)
  const forged = await forgedFor(
    relay,
    'bob',
    (identity) =>
      encodeContent({
        v: 1,
        type: 'text',
        id: crypto.randomUUID(),
        from: { user_id: anna.userId, device_id: 7, username: 'anna', identity },
        to: bob.userId,
        n: 1,
        sent_at: Date.now(),
        text: 'send money',
      }),
    2,
  )
  relay.deliver(relay.user('bob'), device, {
    ...forged,
    from: { user_id: anna.userId, device_id: 7 },
  })
  await until(() => second.shown.waiting.length === 1, 'a request')
  await second.messenger.restoreBackup(file, phrase)
  await second.messenger.openConversation(anna.chat)
  expect(second.contact(anna)).toMatchObject({
    relation: 'contact',
    identity: anna.identity,
  })
  const kinds = timeline(second.shown.messages).map((row) =>
    row.kind === 'bubble' ? row.message.text : row.kind,
  )
  expect(kinds.slice(kinds.indexOf('send money') - 1)).toEqual(['key', 'send money'])
})
