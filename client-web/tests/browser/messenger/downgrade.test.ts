/** Nobody moves two devices back to version 3, and nobody honest is shut out by that. */
import { describe, expect, test } from 'vitest'
import { acquaintedClients, Client, contacts } from '../../support/client'
import { withoutKem } from '../../support/older-build'
import { damageSecret, forgetKem } from '../../support/secrets-on-disk'
import { TestRelay } from '../../support/test-relay'
import { lastVersion, send, versions, withholdKem } from '../../support/versions'
import { calm, until } from '../../support/wait'

const PHRASE = 'seven words of a passphrase here'

describe('once a device is known with KEM prekeys', () => {
  test('its bundle without one is refused in words, and nothing leaves', async () => {
    const { relay, anna: before, bob } = await acquaintedClients()
    before.stop()
    await damageSecret(before.database, 'sessions')
    const anna = await before.reloaded()
    await anna.messenger.openConversation(bob.chat)
    withholdKem(relay)
    const sent = versions(relay, 'anna').length
    await anna.messenger.sendText(bob.chat, 'not in version 3')
    await until(() => anna.flow().includes('downgrade_refused'), 'told')
    await calm()
    expect(versions(relay, 'anna').slice(sent)).not.toContain(3)
    expect(bob.received()).not.toContain('not in version 3')
    expect(anna.eventTypes().filter((type) => type === 'downgrade_refused')).toHaveLength(1)
    // After a restart, too.
    const again = await anna.reloaded()
    await again.messenger.openConversation(bob.chat)
    await calm()
    expect(versions(relay, 'anna').slice(sent)).not.toContain(3)
    relay.onAnswer = (_path, answer) => answer
    again.messenger.reconnect()
    await until(
      () => bob.received().includes('not in version 3'),
      'sent once it has one again',
      40_000,
    )
    expect(lastVersion(relay, 'anna')).toBe(4)
  })
  test('a first message of version 3 from it is refused in words', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    anna.stop()
    // The same device with an old build, as it would be after its sessions were lost.
    await damageSecret(anna.database, 'sessions')
    const options = { wire: withoutKem(relay) }
    const older = new Client('anna', relay, options, anna.database)
    await forgetKem(anna.database)
    await older.boot()
    await older.messenger.openConversation(bob.chat)
    await older.messenger.sendText(bob.chat, 'in version 3')
    await until(() => bob.flow().includes('downgrade_refused'), 'told')
    expect(lastVersion(relay, 'anna')).toBe(3)
    expect(bob.received()).not.toContain('in version 3')
    expect(bob.flow()).not.toContain('awaited')
    // What is told once per device does not hide what was lost.
    expect(bob.flow()).toContain('gap')
  })

  test('and writes in version 3 all the same, a session of version 4 begins, and nothing vanishes unseen', async () => {
    const { relay, anna, bob } = await contacts()
    relay.onEnvelope = (one, to) => (to.name === 'bob' ? [] : [one])
    await anna.messenger.sendText(bob.chat, 'lost on the way')
    await until(() => anna.statuses()[0] === 'accepted', 'accepted')
    withholdKem(relay, 'anna')
    relay.onEnvelope = (one) => [one]
    await bob.messenger.sendText(anna.chat, 'in version 3')
    await until(() => anna.flow().includes('downgrade_refused'), 'told')
    expect(lastVersion(relay, 'bob')).toBe(3)
    await until(() => anna.flow().includes('session_renewed'), 'renewed')
    await until(
      () => anna.statuses()[0] !== 'waiting' && versions(relay, 'anna').length >= 2,
      'announced',
    )
    await until(() => bob.contact(anna)?.postQuantum === true, 'known to bob')
    await send(bob, anna, 'in version 4')
    expect(lastVersion(relay, 'bob')).toBe(4)
    expect(anna.flow()).toContain('gap')
  })

  test('it stays known when the contact is removed and added again', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    await anna.messenger.removeContact(bob.userId)
    const again = await anna.reloaded()
    withholdKem(relay)
    await again.messenger.addContactByCode(bob.code)
    await again.messenger.openConversation(bob.chat)
    await again.messenger.sendText(bob.chat, 'not in version 3')
    await until(() => again.flow().includes('downgrade_refused'), 'told')
    await calm()
    expect(versions(relay, 'anna')).not.toContain(3)
    relay.onAnswer = (_path, answer) => answer
    again.messenger.reconnect()
    await until(() => again.statuses().includes('accepted'), 'sent', 40_000)
    expect(again.contact(bob)?.postQuantum).toBe(true)
  })
})

describe('a person with a device of either kind', () => {
  test('is said to be post-quantum once both have KEM prekeys', async () => {
    const relay = new TestRelay()
    const bob = await Client.registered('bob', relay)
    const { file } = await bob.messenger.createBackup(PHRASE)
    const older = await Client.loggedIn('bob', relay, { wire: withoutKem(relay) })
    await older.messenger.restoreBackup(file, PHRASE)
    const anna = await Client.registered('anna', relay)
    await anna.messenger.addContactByCode(bob.code)
    await bob.messenger.addContactByCode(anna.code)
    await bob.messenger.openConversation(anna.chat)
    await anna.messenger.openConversation(bob.chat)
    await send(anna, bob, 'to both')
    expect(versions(relay, 'anna').toSorted()).toEqual([3, 4])
    expect(anna.contact(bob)?.postQuantum).toBe(false)
    await until(() => anna.statuses()[0] !== 'waiting', 'accepted')
    expect(anna.shown.messages[0]?.encryption?.postQuantum).toBe(false)
  })
})

test("a message whose copy went to one's own older device is not said to be post-quantum", async () => {
  const { relay, anna, bob } = await acquaintedClients()
  const { file } = await anna.messenger.createBackup(PHRASE)
  const older = await Client.loggedIn('anna', relay, { wire: withoutKem(relay) })
  await older.messenger.restoreBackup(file, PHRASE)
  await until(() => (anna.shown.state.newDevices?.length ?? 0) > 0, 'known to the first')
  await send(anna, bob, 'copied')
  const copy = () => older.shown.conversations.get(bob.chat)?.last?.text
  await until(() => copy() === 'copied', 'on the older one', 15_000)
  const sealed = () => anna.shown.messages.find(({ text }) => text === 'copied')?.encryption
  await until(() => sealed()?.postQuantum === false, 'said')
})

describe('while both begin, one in each version', () => {
  test.each([
    ['at once', 0],
    ['after a week, when the signed prekey is renewed as well', 8],
  ])(
    'what was begun with keys of before this device had KEM prekeys is read, %s',
    async (_, days) => {
      const relay = new TestRelay()
      const older = await Client.registered('anna', relay, { wire: withoutKem(relay) })
      const bob = await Client.registered('bob', relay)
      await older.messenger.addContactByCode(bob.code)
      await bob.messenger.addContactByCode(older.code)
      await bob.messenger.openConversation(older.chat)
      const held: (() => void)[] = []
      relay.onEnvelope = (one, to, device) => {
        if (to.name !== 'anna') return [one]
        held.push(() => relay.deliver(to, device, one))
        return []
      }
      await bob.messenger.sendText(older.chat, 'begun in version 3')
      await until(() => held.length === 1, 'under way')
      const anna = await older.reloaded({
        wire: relay.wire(),
        now: () => Date.now() + days * 86_400_000,
      })
      await anna.messenger.openConversation(bob.chat)
      await until(() => relay.device('anna').kemPrekeys.length === 10, 'published')
      await send(anna, bob, 'begun in version 4')
      relay.onEnvelope = (one) => [one]
      for (const deliver of held) deliver()
      await until(() => anna.received().includes('begun in version 3'), 'read')
      expect(anna.flow()).not.toContain('downgrade_refused')
      await send(bob, anna, 'both in the newer one')
      await send(anna, bob, 'indeed')
      expect([lastVersion(relay, 'anna'), lastVersion(relay, 'bob')]).toEqual([4, 4])
    },
  )
})
