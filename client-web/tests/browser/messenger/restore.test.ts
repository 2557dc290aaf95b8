/** A backup that is brought into a device in use: nothing is lost, doubled or used twice. */
import { describe, expect, test } from 'vitest'
import { own } from '@/crypto/bytes'
import type { BackupContent } from '@/messenger/backup/backup-mapping'
import type { IncomingEnvelope } from '@/wire/types'
import { readBackup, writeBackup } from '../../support/backup'
import { acquaintedClients, Client, settledClients } from '../../support/client'
import { keysUsedTwice, sessionStart } from '../../support/message-keys'
import type { SentEnvelope } from '../../support/message-keys'
import { acquainted } from '../../support/party'
import { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

const PASSPHRASE = 'seven plain words for a backup'

/** Anna's backup as another device of hers would have made it. */
async function backupOf(
  client: Client,
  change: (content: BackupContent) => Partial<BackupContent>,
): Promise<Blob> {
  const { file } = await client.messenger.createBackup(PASSPHRASE)
  const { content, identity } = await readBackup(own(await file.arrayBuffer()), PASSPHRASE)
  const changed = { ...content, ...change(content) }
  return new Blob([await writeBackup({ content: changed, identity }, PASSPHRASE)])
}

test('onto a new device: a few are greeted at once, the person’s own message is not behind the rest', async () => {
  const { relay, anna, bob } = await settledClients()
  const file = await backupOf(anna, ({ contacts, conversations }) => ({
    contacts: [
      ...contacts.map((one) => ({ ...one, addedAt: 0 })),
      ...Array.from({ length: 50 }, (_, i) => ({
        ...contacts[0],
        userId: crypto.randomUUID(),
        username: `friend_${i}`,
      })),
    ] as BackupContent['contacts'],
    conversations: conversations.map((one) => ({ ...one, activeAt: 0 })),
  }))
  const asked: string[] = []
  const wire = relay.wire(async ({ path }) => {
    if (path.startsWith('/v1/bundles/')) asked.push(path.split('/')[3] ?? '')
  })
  const second = await Client.loggedIn('anna', relay, { wire })
  await second.messenger.restoreBackup(file, PASSPHRASE)
  await until(() => asked.filter((name) => name !== 'anna').length === 3, 'three greeted')
  await second.messenger.openConversation(bob.chat)
  await second.messenger.sendText(bob.chat, 'first of all')
  await until(() => bob.received().includes('first of all'), 'sent')
  expect(asked.filter((name) => name.startsWith('friend_')).length).toBe(3)
})

describe('into a device in use', () => {
  test('messages that two devices put in the same place are both there, in order, once', async () => {
    const { relay, anna, bob } = await settledClients()
    relay.sends.length = 0
    const file = await backupOf(anna, ({ messages }) => ({
      messages: messages.flatMap((one) => [
        one,
        { ...one, id: crypto.randomUUID(), text: `${one.text}, elsewhere` },
      ]),
    }))
    for (let time = 0; time < 2; time++) {
      await anna.messenger.restoreBackup(file, PASSPHRASE)
      await anna.messenger.openConversation(bob.chat)
      expect(anna.flow()).toEqual([
        'hello',
        'hello, elsewhere',
        'hello back',
        'hello back, elsewhere',
      ])
    }
    const orders = anna.shown.messages.map(({ order }) => order)
    expect(new Set(orders).size).toBe(4)
    // Nobody is greeted: the sessions are as they were.
    expect(relay.sends).toEqual([])
  })

  test('the list shows the newest of both, and what is written next comes after them', async () => {
    const { anna, bob } = await settledClients()
    const later = Date.now() + 3_600_000
    const file = await backupOf(anna, ({ messages, conversations }) => {
      const [first] = messages
      if (!first) throw new Error('no message')
      const newer = {
        ...first,
        id: crypto.randomUUID(),
        text: 'written on the phone',
        order: later,
      }
      return {
        messages: [...messages, newer],
        conversations: conversations.map((chat) => ({ ...chat, last: newer, lastOrder: later })),
      }
    })
    await anna.messenger.setMuted(bob.chat, true)
    await anna.messenger.restoreBackup(file, PASSPHRASE)
    const shown = () => anna.shown.conversations.get(bob.chat)
    expect(shown()).toMatchObject({ last: { text: 'written on the phone' }, muted: true })
    await anna.messenger.openConversation(bob.chat)
    const { order } = await anna.messenger.sendText(bob.chat, 'the next one')
    expect(order).toBeGreaterThan(later)
    expect(anna.flow().slice(-2)).toEqual(['written on the phone', 'the next one'])
  })

  test('an older backup does not set the list back', async () => {
    const { anna, bob } = await settledClients()
    const file = await backupOf(anna, () => ({}))
    await anna.messenger.sendText(bob.chat, 'since then')
    await anna.messenger.restoreBackup(file, PASSPHRASE)
    expect(anna.shown.conversations.get(bob.chat)?.last?.text).toBe('since then')
  })
})

describe('threat 6: replay after a restore', () => {
  /** All that Bob's first device ever got, as a relay may have kept it. */
  async function recorded() {
    const relay = new TestRelay()
    const tape: IncomingEnvelope[] = []
    relay.onEnvelope = (one, to) => {
      if (to.name === 'bob') tape.push({ ...one, body: Uint8Array.from(one.body) })
      return [one]
    }
    const { anna, bob } = await acquaintedClients({}, relay)
    await anna.messenger.sendText(bob.chat, 'pay 100 to Carol')
    await until(() => bob.received().includes('pay 100 to Carol'), 'received')
    await until(() => bob.statuses()[0] === 'delivered', 'delivered')
    const { file } = await bob.messenger.createBackup(PASSPHRASE)
    const replay = async (to: Client) => {
      relay.onEnvelope = (one) => [one]
      const user = relay.user('bob')
      const device = relay.device('bob', Number(to.shown.state.account?.deviceId))
      for (const one of tape) relay.deliver(user, device, { ...one, id: crypto.randomUUID() })
      for (const one of tape) relay.deliver(user, device, one)
      await until(() => device.mailbox.length === 0, 'all looked at')
      await calm(100)
    }
    return { relay, anna, bob, file, replay }
  }
  const texts = (client: Client): string[] =>
    client.shown.messages.filter((one) => !one.notice).map((one) => one.text)
  const history = ['hello', 'hello back', 'pay 100 to Carol']

  test('to a new device: nothing comes in as new, nothing is there twice', async () => {
    const { relay, anna, bob, file, replay } = await recorded()
    bob.stop()
    const phone = await Client.loggedIn('bob', relay)
    await phone.messenger.restoreBackup(file, PASSPHRASE)
    await until(() => phone.shown.link.state === 'online', 'connected')
    const unread = () => phone.shown.conversations.get(anna.chat)?.unread
    const before = unread()
    await replay(phone)
    expect(unread()).toBe(before)
    await phone.messenger.openConversation(anna.chat)
    // What her device did not send to this one leaves no trace in the chat.
    await until(() => !phone.flow().includes('awaited'), 'answered')
    expect(texts(phone)).toEqual(history)
    await anna.messenger.sendText(phone.chat, 'a real one')
    await until(() => phone.received().includes('a real one'), 'still heard')
    expect(texts(phone)).toEqual([...history, 'a real one'])
  })

  test('to the device it was recorded from, which took its backup back', async () => {
    const { anna, bob, file, replay } = await recorded()
    await bob.messenger.restoreBackup(file, PASSPHRASE)
    await until(() => bob.shown.link.state === 'online', 'connected')
    await replay(bob)
    await bob.messenger.openConversation(anna.chat)
    expect(texts(bob)).toEqual(history)
    expect(bob.eventTypes()).toContain('replay_refused')
    await anna.messenger.sendText(bob.chat, 'a real one')
    await until(() => bob.received().includes('a real one'), 'still heard')
  })
})

describe('threat 30: the same backup, again and again', () => {
  test('an old copy of a session would use a message key twice, and it would be seen', async () => {
    const [anna, bob] = await acquainted()
    const old = anna.session
    const sent: SentEnvelope[] = []
    for (const text of ['one', 'another']) {
      anna.session = old
      const { kind, body } = await anna.write(bob, text)
      sent.push({ to: 'bob', envelope: { device_id: 1, kind, body } })
    }
    expect(keysUsedTwice(sent)).toHaveLength(1)
    expect(keysUsedTwice([...sent.slice(0, 1), ...sent.slice(0, 1)])).toEqual([])
  })

  test('begins new sessions each time: no message key is used twice', async () => {
    const { relay, anna, bob } = await settledClients()
    const { file } = await anna.messenger.createBackup(PASSPHRASE)
    // The sessions go on after the backup was made: an old copy of them would repeat their keys.
    for (const text of ['one', 'two']) await anna.messenger.sendText(bob.chat, text)
    await until(() => bob.received().includes('two'), 'received')

    await anna.messenger.restoreBackup(file, PASSPHRASE)
    await anna.messenger.sendText(bob.chat, 'from the same device')
    await until(() => bob.received().includes('from the same device'), 'received')
    const phones: Client[] = []
    for (const name of ['first', 'second']) {
      const phone = await Client.loggedIn('anna', relay)
      phones.push(phone)
      await phone.messenger.restoreBackup(file, PASSPHRASE)
      await phone.messenger.sendText(bob.chat, `from the ${name} phone`)
      await until(() => bob.received().includes(`from the ${name} phone`), 'received')
    }
    await bob.messenger.sendText(anna.chat, 'to all of them')
    for (const phone of phones) {
      await phone.messenger.openConversation(bob.chat)
      await until(() => phone.received().includes('to all of them'), 'received')
    }
    const sent: SentEnvelope[] = relay.sends.flatMap(({ payload }) =>
      payload.envelopes.map((envelope) => ({ to: payload.to, envelope })),
    )
    expect(sent.length).toBeGreaterThan(10)
    expect(keysUsedTwice(sent)).toEqual([])
    const toBob = sent.filter(({ to }) => to === bob.userId)
    // The first one's, and one of each phone.
    expect(new Set(toBob.map(sessionStart).filter(Boolean)).size).toBe(3)
    expect(bob.eventTypes()).not.toContain('replay_refused')
    expect(bob.flow()).not.toContain('awaited')
  })
})
