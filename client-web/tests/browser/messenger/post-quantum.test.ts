/** Which version of the protocol two devices speak, how they move over to the newer one, and that nobody moves them back. */
import { describe, expect, test } from 'vitest'
import { kemPrekeys, usedBaseKeys } from '@/messenger/core/key-records'
import { RelayError } from '@/wire/errors'
import type { IncomingEnvelope } from '@/wire/types'
import scene from '../../fixtures/profiles-2026-11-30.base64?raw'
import { acquaintedClients, Client, contacts } from '../../support/client'
import { withoutKem } from '../../support/older-build'
import { loadScene } from '../../support/profile'
import { freshName, openStore } from '../../support/storage'
import { TestRelay } from '../../support/test-relay'
import { lastVersion, send, versions } from '../../support/versions'
import { calm, until } from '../../support/wait'

const PHRASE = 'seven words of a passphrase here'

/** What lies in the database of a client that has stopped. */
async function kept(client: Client) {
  client.stop()
  const { db, store } = await openStore(client.database)
  try {
    return { kem: await store.all(kemPrekeys), used: await store.all(usedBaseKeys) }
  } finally {
    db.close()
  }
}

/** From now on bundles have no one-time prekey, also while the device uploads some. */
function handOutLastResort(relay: TestRelay, kem_prekey: object | null): void {
  relay.onAnswer = (path, answer) => {
    if (!path.startsWith('/v1/bundles/')) return answer
    const devices = (answer['devices'] as object[]).map((one) => ({
      ...one,
      prekey: null,
      kem_prekey,
    }))
    return { ...answer, devices }
  }
}

/** Bob's device is known under other keys: the next message begins its session anew. */
function sayStale(relay: TestRelay, to: Client): void {
  relay.beforeSend = (payload) => {
    if (payload.to !== to.userId) return
    relay.beforeSend = () => undefined
    throw new RelayError('device_mismatch', '', null, { missing: [], extra: [], stale: [1] })
  }
}

describe('two devices with KEM prekeys', () => {
  test('speak version 4 from the first message on; the one-time KEM prekey is erased', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    await until(() => anna.statuses()[0] !== 'waiting', 'accepted')
    const sealed = anna.shown.messages.map(({ encryption }) => encryption?.postQuantum)
    expect(sealed).toEqual([true, true])
    expect(anna.contact(bob)?.postQuantum).toBe(true)
    expect(new Set([...versions(relay, 'anna'), ...versions(relay, 'bob')])).toEqual(new Set([4]))
    const { kem, used } = await kept(bob)
    expect(kem.filter(({ lastResort }) => !lastResort)).toHaveLength(9)
    expect(used).toHaveLength(0)
    const again = await bob.reloaded()
    await again.messenger.openConversation(anna.chat)
    await send(anna, again, 'after a restart')
    expect(again.flow()).not.toContain('awaited')
  })

  test('a first message on the last resort that comes again begins nothing', async () => {
    const { relay, anna, bob } = await contacts()
    const device = relay.device('bob')
    handOutLastResort(relay, device.kemPrekey)
    const recorded: IncomingEnvelope[] = []
    relay.onEnvelope = (one, to) => {
      // A receipt of bob's in an earlier session would make it the one to write in again.
      if (to.name !== 'bob') return []
      recorded.push(one)
      return [one]
    }
    await send(anna, bob, 'the first')
    for (let i = 0; i < 6; i++) {
      sayStale(relay, bob)
      await send(anna, bob, `anew ${i}`)
    }
    const [first] = recorded
    if (!first) throw new Error('nothing recorded')
    relay.deliver(relay.user('bob'), device, { ...first, id: crypto.randomUUID() })
    await until(() => bob.eventTypes().includes('replay_refused'), 'refused')
    relay.onEnvelope = (one) => [one]
    await send(bob, anna, 'in the newest session')
    expect(anna.flow()).not.toContain('awaited')
    expect((await kept(bob)).used).toHaveLength(7)
  })
})

describe('a device without KEM prekeys', () => {
  test('is spoken to in version 3, as before', async () => {
    const { relay, anna, bob } = await contacts()
    expect(relay.device('bob').kemPrekey).not.toBeNull()
    const cara = await Client.registered('cara', relay, { wire: withoutKem(relay) })
    expect(relay.device('cara').kemPrekey).toBeNull()
    await anna.messenger.addContactByCode(cara.code)
    await cara.messenger.addContactByCode(anna.code)
    await anna.messenger.openConversation(cara.chat)
    await cara.messenger.openConversation(anna.chat)
    await send(anna, cara, 'hello')
    await send(cara, anna, 'hello back')
    await send(anna, cara, 'how are you?')
    expect(new Set([...versions(relay, 'anna'), ...versions(relay, 'cara')])).toEqual(new Set([3]))
    await until(() => !anna.statuses().includes('waiting'), 'accepted')
    const sealed = anna.shown.messages.map(({ encryption }) => encryption?.postQuantum)
    expect(sealed).toEqual([false, false, false])
    expect(anna.contact(cara)?.postQuantum).toBe(false)
    await anna.messenger.openConversation(bob.chat)
    await send(anna, bob, 'and to a newer one')
    expect(lastVersion(relay, 'anna')).toBe(4)
  })
})

test("at a relay that knows no KEM prekeys one's own devices still write to each other", async () => {
  const relay = new TestRelay()
  const options = { wire: withoutKem(relay) }
  const anna = await Client.registered('anna', relay, options)
  const bob = await Client.registered('bob', relay, options)
  await anna.messenger.addContactByCode(bob.code)
  const { file } = await anna.messenger.createBackup(PHRASE)
  const second = await Client.loggedIn('anna', relay, options)
  await second.messenger.restoreBackup(file, PHRASE)
  await until(() => (anna.shown.state.newDevices?.length ?? 0) > 0, 'known to the first')
  await anna.messenger.setMuted(bob.chat, true)
  await until(() => second.shown.conversations.get(bob.chat)?.muted === true, 'on both', 15_000)
  expect(anna.eventTypes()).not.toContain('downgrade_refused')
})

test('a session of version 4 that waits to be read is not begun again', async () => {
  const relay = new TestRelay()
  const older = { wire: withoutKem(relay) }
  let anna = await Client.registered('anna', relay, older)
  let bob = await Client.registered('bob', relay, older)
  await anna.messenger.addContactByCode(bob.code)
  await bob.messenger.addContactByCode(anna.code)
  await anna.messenger.openConversation(bob.chat)
  await bob.messenger.openConversation(anna.chat)
  await send(anna, bob, 'hello')
  await send(bob, anna, 'hello back')
  const whole = { wire: relay.wire() }
  ;[anna, bob] = [await anna.reloaded(whole), await bob.reloaded(whole)]
  for (const name of ['anna', 'bob'] as const) {
    await until(() => relay.device(name).kemPrekeys.length === 10, 'published')
  }
  // Bob reads nothing in version 4 meanwhile.
  relay.onEnvelope = (one, to) => (to.name === 'bob' ? [] : [one])
  const left = (): number => relay.device('bob').kemPrekeys.length
  await bob.messenger.sendText(anna.chat, 'one')
  await until(() => lastVersion(relay, 'anna') === 4, 'begun, and told in a receipt', 20_000)
  expect(left()).toBe(9)
  anna = await anna.reloaded(whole)
  await anna.messenger.openConversation(bob.chat)
  await bob.messenger.sendText(anna.chat, 'two')
  await until(() => anna.received().includes('two'), 'read')
  await calm()
  expect(lastVersion(relay, 'bob')).toBe(3)
  expect(left()).toBe(9)
})

test('profiles of a build of version 3 go on, publish KEM prekeys, and move over', async () => {
  const prefix = freshName()
  const { relay, at } = await loadScene(scene, prefix)
  const began = Date.now()
  const now = (): number => at + 3_600_000 + Date.now() - began
  const [anna, bob] = ['anna', 'bob'].map(
    (name) => new Client(name, relay, { now }, `${prefix}-${name}`),
  ) as [Client, Client]
  await anna.boot()
  await bob.boot()
  await until(() => relay.device('bob').kemPrekeys.length === 10, 'published')
  await bob.messenger.openConversation(anna.chat)
  await anna.messenger.openConversation(bob.chat)
  await until(() => bob.received().includes('still waiting'), 'what the old build encrypted')
  expect(versions(relay, 'anna')).toContain(3)
  const before = await anna.messenger.safetyNumber(bob.userId)

  // The old session goes on until both have written in the new one.
  await send(bob, anna, 'from the new build')
  expect(lastVersion(relay, 'bob')).toBe(3)
  for (let i = 0; i < 3; i++) {
    await send(anna, bob, `there ${i}`)
    await send(bob, anna, `and back ${i}`)
  }
  expect([lastVersion(relay, 'anna'), lastVersion(relay, 'bob')]).toEqual([4, 4])
  for (const shown of [...anna.flow(), ...bob.flow()]) {
    expect(['undecryptable', 'session_renewed', 'downgrade_refused']).not.toContain(shown)
  }
  expect(anna.contact(bob)?.trust).toBe('verified')
  expect((await anna.messenger.safetyNumber(bob.userId)).groups).toEqual(before.groups)
})
