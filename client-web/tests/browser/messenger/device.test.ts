/** What one has on one device: search, replies, removing and blocking people, prekeys. */
import { describe, expect, test } from 'vitest'
import { openDatabase } from '@/storage/database'
import type { Database } from '@/storage/schema'
import { RelayError } from '@/wire/errors'
import { acquaintedClients, Client } from '../../support/client'
import { dump } from '../../support/storage'
import { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

describe('on this device', () => {
  test('search finds words in any case, keeps up with new messages, forgets deleted ones', async () => {
    const { anna, bob } = await acquaintedClients()
    const { id } = await anna.messenger.sendText(bob.chat, 'Über den Dächern von Nizza')
    const hits = await anna.messenger.search('DACHERN')
    expect(hits.map((hit) => [hit.name, hit.message.text.slice(...(hit.ranges[0] ?? []))])).toEqual(
      [['bob', 'Dächern']],
    )
    await bob.messenger.sendText(anna.chat, 'dächern auch hier')
    await until(() => anna.received().includes('dächern auch hier'), 'received')
    expect((await anna.messenger.search('dach')).length).toBe(2)
    await anna.messenger.deleteForMe(bob.chat, [id])
    expect((await anna.messenger.search('dach')).length).toBe(1)
    expect(anna.flow()).not.toContain('Über den Dächern von Nizza')
  })

  test('what is deleted while the first search reads the history is not found', async () => {
    const { anna, bob } = await acquaintedClients()
    const { id } = await anna.messenger.sendText(bob.chat, 'a needle to forget')
    await anna.messenger.sendText(bob.chat, 'a needle to keep')
    const [hits] = await Promise.all([
      anna.messenger.search('needle'),
      anna.messenger.deleteForMe(bob.chat, [id]),
    ])
    expect(hits.length).toBeLessThanOrEqual(2)
    const texts = (await anna.messenger.search('needle')).map(({ message }) => message.text)
    expect(texts).toEqual(['a needle to keep'])
  })

  test('a search that is cancelled says so, and the next one finds everything', async () => {
    const { anna } = await acquaintedClients()
    const cancelled = anna.messenger.search('hello')
    await Promise.resolve()
    anna.messenger.cancel('search_index')
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    expect((await anna.messenger.search('hello')).length).toBe(2)
  })

  test('a reply shows what it answers, only from its own conversation', async () => {
    const { anna, bob } = await acquaintedClients()
    const original = anna.shown.messages.find((one) => one.text === 'hello back')
    await anna.messenger.reply(bob.chat, 'indeed', original?.id ?? '')
    await until(() => bob.received().includes('indeed'), 'the reply')
    expect(bob.shown.messages.at(-1)?.replyTo).toMatchObject({
      known: true,
      outgoing: true,
      excerpt: 'hello back',
    })
  })

  test('removing a contact leaves nothing of them', async () => {
    const { anna, bob } = await acquaintedClients()
    await anna.messenger.removeContact(bob.userId)
    expect(anna.shown.contacts.size + anna.shown.conversations.size).toBe(0)
    const db = await openDatabase(anna.database)
    expect(await db.count('messages')).toBe(0)
    expect(await db.count('sessions')).toBe(0)
    expect(await dump(db)).not.toContain('hello')
    db.close()
  })

  test('blocked people are not heard; after unblocking they are', async () => {
    const { anna, bob } = await acquaintedClients()
    await bob.messenger.block(anna.userId)
    await anna.messenger.sendText(bob.chat, 'unheard')
    await until(() => anna.shown.link.waiting === 0, 'accepted')
    await bob.messenger.unblock(anna.userId)
    await anna.messenger.sendText(bob.chat, 'heard')
    await until(() => bob.received().includes('heard'), 'heard')
    expect(bob.received()).toEqual(['hello', 'heard'])
  })
})

test('prekeys: low numbers are replenished by a hundred, the signed one is renewed weekly', async () => {
  const relay = new TestRelay()
  let now = Date.now() - 20 * 86_400_000
  const anna = await Client.registered('anna', relay, { now: () => now, wholeBatches: true })
  const device = relay.device('anna')
  relay.onEnvelope = (one) => [{ ...one, at: now }]
  const signed = device.signedPrekey.id
  device.prekeys.splice(0, 90)
  const again = await anna.reloaded()
  await until(() => device.prekeys.length === 110, 'replenished')
  expect(new Set(device.prekeys.map(({ id }) => id)).size).toBe(110)
  expect(device.signedPrekey.id).toBe(signed)
  now += 8 * 86_400_000
  const later = await again.reloaded()
  await until(() => device.signedPrekey.id > signed, 'rotated')
  await until(() => later.eventTypes().includes('signed_prekey_rotated'), 'logged')
})

test('prekeys: a signed one whose upload failed, or that the relay took back, is uploaded again', async () => {
  const relay = new TestRelay()
  let now = Date.now() - 20 * 86_400_000
  const uploads: string[] = []
  let away = false
  const wire = relay.wire(async ({ path, body }) => {
    if (path !== '/v1/keys/signed') return
    uploads.push(JSON.stringify(body))
    if (away) throw new RelayError('unavailable')
  })
  const anna = await Client.registered('anna', relay, { wire, now: () => now })
  const device = relay.device('anna')
  const first = device.signedPrekey
  away = true
  now += 8 * 86_400_000
  const failed = await anna.reloaded()
  await until(() => uploads.length === 1, 'tried')
  expect(device.signedPrekey).toBe(first)

  away = false
  const again = await failed.reloaded()
  await until(() => device.signedPrekey.id > first.id, 'uploaded')
  // The same key: its private half was on disk before, and no other was made meanwhile.
  expect(new Set(uploads).size).toBe(1)

  device.signedPrekey = first
  await again.reloaded()
  await until(() => device.signedPrekey.id > first.id, 'noticed')
  expect(new Set(uploads).size).toBe(1)
})

test('prekeys: a half that was handed out and never used is erased two months later, no other', async () => {
  const relay = new TestRelay()
  let now = Date.now() - 100 * 86_400_000
  const anna = await Client.registered('anna', relay, { now: () => now, wholeBatches: true })
  const device = relay.device('anna')
  relay.onEnvelope = (one) => [{ ...one, at: now }]
  const read = async <T>(look: (db: Database) => Promise<T>): Promise<T> => {
    const db = await openDatabase(anna.database)
    return look(db).finally(() => db.close())
  }
  const halves = () => read((db) => db.getAllKeys('prekeys'))
  const taken = device.prekeys.shift()?.id ?? 0
  const record = () => read((db) => db.get('prekeys', taken)).then(String)
  const untouched = await record()
  const again = await anna.reloaded()
  // Noted on its record: the relay does not have it any more.
  while ((await record()) === untouched) await calm(20)
  now += 59 * 86_400_000
  const before = await again.reloaded()
  await until(() => before.eventTypes().includes('signed_prekey_rotated'), 'tended')
  expect(await halves()).toHaveLength(100)
  now += 10 * 86_400_000
  // The relay's clock says so, too.
  const bob = await Client.registered('bob', relay)
  await bob.messenger.addContactByCode(before.code)
  await bob.messenger.sendText(before.chat, 'two months later')
  await until(() => before.shown.waiting.length === 1, 'received')
  await before.reloaded()
  for (let left = 99; left === 99; left = (await halves()).length) await calm(20)
  expect(await halves()).toEqual(device.prekeys.map(({ id }) => id))
  expect(await halves()).not.toContain(taken)
})
