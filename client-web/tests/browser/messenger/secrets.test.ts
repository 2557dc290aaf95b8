/** The page never holds a private key or a session: the engine's thread has them, the disk has them sealed. */
import { describe, expect, test, vi } from 'vitest'
import { fromBase64 } from '@/crypto/bytes'
import { Services } from '@/messenger/session/services'
import scene from '../../fixtures/profiles-2026-11-29.base64?raw'
import { Client, contacts, settledClients } from '../../support/client'
import { engineThread } from '../../support/engine'
import { loadScene } from '../../support/profile'
import { reachable, recorded } from '../../support/reachable'
import type { Reached } from '../../support/reachable'
import { damageSecret, everyRecord, rawSecrets, sealedSecrets } from '../../support/secrets-on-disk'
import type { Secrets } from '../../support/secrets-on-disk'
import { freshName } from '../../support/storage'
import { until } from '../../support/wait'

const PASSPHRASE = 'seven plain words for a backup'

function expectNone(reached: Reached, { privateKeys, sessions }: Secrets, where: string): void {
  expect(privateKeys.filter((key) => reached.holds(key)).length, `keys in ${where}`).toBe(0)
  expect(sessions.filter((one) => reached.holds(one)).length, where).toBe(0)
  expect(reached.holdsSession(), `a session in ${where}`).toBe(false)
}

test('nothing that the page reaches or is sent holds a private key or a session', async () => {
  const messages: unknown[] = []
  const services = vi.spyOn(Services.prototype, 'start')
  const thread = (): Worker => recorded(engineThread(), messages)
  const { relay, anna, bob } = await contacts({ anna: { thread } })
  await anna.messenger.sendText(bob.chat, 'hello')
  await until(() => bob.received().includes('hello'), 'hello')
  await bob.messenger.sendText(anna.chat, 'hello back')
  await until(() => anna.received().includes('hello back'), 'hello back')
  const { file } = await anna.messenger.createBackup(PASSPHRASE)
  await anna.messenger.restoreBackup(file, PASSPHRASE)
  await anna.messenger.openConversation(bob.chat)
  await anna.messenger.sendText(bob.chat, 'after the restore')
  await until(() => bob.received().includes('after the restore'), 'after the restore')
  const running = reachable(anna, services.mock.contexts, messages)

  await anna.messenger.setPassphrase(PASSPHRASE)
  await anna.messenger.openConversation(bob.chat)
  await bob.messenger.sendText(anna.chat, 'under a new root')
  await until(() => anna.received().includes('under a new root'), 'under a new root')
  await anna.messenger.lock()
  const locked = reachable(anna, services.mock.contexts, messages)
  await anna.messenger.unlock(PASSPHRASE)

  const phone = await Client.loggedIn('anna', relay, { thread })
  await phone.messenger.restoreBackup(file, PASSPHRASE)
  await until(() => phone.shown.state.phase === 'ready', 'restored')
  const restored = reachable(phone, services.mock.contexts, messages)
  phone.stop()
  anna.stop()

  // What was looked for is what lies there; and where it is, the walk finds it.
  const secrets = await sealedSecrets(phone.database)
  expect(secrets.privateKeys.length).toBeGreaterThan(20)
  expect(restored.holds(fromBase64(relay.user('anna').identity ?? ''))).toBe(true)
  const found = reachable(services.mock.contexts, [{ a: new Map([[1, secrets]]) }])
  expect(secrets.privateKeys.every((key) => found.holds(key))).toBe(true)
  expect(reachable('{"currentRatchet":{}}').holdsSession()).toBe(true)

  for (const [where, reached] of Object.entries({ running, locked, restored })) {
    expectNone(reached, secrets, where)
    expect(reached.keys.length, where).toBeGreaterThan(0)
    expect(reached.keys.filter(({ extractable }) => extractable).length, where).toBe(0)
  }
})

describe('a profile whose secrets lie open', () => {
  const profile = async () => {
    const prefix = freshName()
    const { relay, at } = await loadScene(scene, prefix)
    const database = `${prefix}-anna`
    const before = await rawSecrets(database)
    expect(before.privateKeys.length).toBeGreaterThan(20)
    expect(before.sessions.length).toBeGreaterThan(1)
    const began = Date.now()
    const now = (): number => at + 3_600_000 + Date.now() - began
    return { relay, database, before, now }
  }

  test('has them handed over once, and sealed in their place', async () => {
    const { relay, database, before, now } = await profile()
    const messages: unknown[] = []
    const thread = (): Worker => recorded(engineThread(), messages)
    const anna = new Client('anna', relay, { now, thread }, database)
    await anna.boot()
    expect(anna.shown.state).toMatchObject({ phase: 'ready' })
    anna.stop()
    expect(messages.filter((one) => reachable(one).holdsSession())).toHaveLength(1)
    expectNone(reachable(await everyRecord(database)), before, 'the records')
    const after = await sealedSecrets(database)
    const kept = reachable(after)
    expect(before.privateKeys.every((key) => kept.holds(key))).toBe(true)
    const texts = ({ sessions }: Secrets) => sessions.map(String).toSorted()
    expect(texts(after)).toEqual(texts(before))

    messages.length = 0
    const again = await anna.reloaded()
    expect(again.shown.state).toMatchObject({ phase: 'ready' })
    expectNone(reachable(messages), before, 'what is sent at the next start')
  })

  test('stays as it is when the disk is full, and is sealed at the next start', async () => {
    const { relay, database, before, now } = await profile()
    const { put } = IDBObjectStore.prototype
    const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value: unknown,
      key?: IDBValidKey,
    ) {
      if (this.name === 'sessions') throw new DOMException('full', 'QuotaExceededError')
      return put.call(this, value, key)
    })
    const anna = new Client('anna', relay, { now }, database)
    await anna.boot()
    expect(anna.shown.state).toMatchObject({ phase: 'unopened', trouble: 'full' })
    anna.stop()
    full.mockRestore()
    expect(await rawSecrets(database)).toEqual(before)
    const again = await anna.reloaded()
    expect(again.shown.state).toMatchObject({ phase: 'ready' })
    again.stop()
    expectNone(reachable(await everyRecord(database)), before, 'the records')
  })
})

describe('a sealed secret that is damaged, in a record that is whole', () => {
  test.each(['account', 'safe'] as const)(
    '%s: nothing opens, and nothing begins anew',
    async (what) => {
      const { anna } = await settledClients()
      anna.stop()
      await damageSecret(anna.database, what)
      const again = await anna.reloaded()
      expect(again.shown.state).toMatchObject({ phase: 'unopened', trouble: 'damaged' })
    },
  )

  test('one-time prekeys: the message is shown as unreadable, the next one is read', async () => {
    const { anna, bob } = await contacts()
    bob.stop()
    await damageSecret(bob.database, 'prekeys')
    const again = await bob.reloaded()
    await again.messenger.openConversation(anna.chat)
    await anna.messenger.sendText(bob.chat, 'unreadable')
    await until(() => again.received().includes('unreadable'), 'fetched again')
    await again.messenger.sendText(anna.chat, 'on a session of my own')
    await until(() => anna.received().includes('on a session of my own'), 'read')
    await anna.messenger.sendText(bob.chat, 'readable')
    await until(() => again.received().includes('readable'), 'read')
  })

  test('a session: a new one takes its place', async () => {
    const { anna, bob } = await settledClients()
    bob.stop()
    await damageSecret(bob.database, 'sessions')
    const again = await bob.reloaded()
    await again.messenger.openConversation(anna.chat)
    await anna.messenger.sendText(bob.chat, 'unreadable')
    await until(() => again.flow().includes('session_renewed'), 'renewed')
    await again.messenger.sendText(anna.chat, 'on the new one')
    await until(() => anna.received().includes('on the new one'), 'written')
    await anna.messenger.sendText(bob.chat, 'readable')
    await until(() => again.received().includes('readable'), 'read')
  })
})

test('an engine that does not start opens nothing, and the data opens with the next one', async () => {
  const { anna } = await contacts()
  const broken = (): Worker =>
    new Worker(URL.createObjectURL(new Blob(['throw new Error("broken")'])), { type: 'module' })
  anna.stop()
  const without = new Client('anna', anna.relay, { thread: broken }, anna.database)
  await without.boot()
  expect(without.shown.state).toMatchObject({ phase: 'unopened', trouble: 'offline' })
  without.stop()
  const again = await anna.reloaded()
  expect(again.shown.state).toMatchObject({ phase: 'ready' })
})
