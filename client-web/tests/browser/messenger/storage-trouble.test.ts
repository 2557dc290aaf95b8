/** A start that does not open what lies here: said so, nothing overwritten, and a way on. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { watchLateParts } from '@/platform/late-parts'
import { openDatabase } from '@/storage/database'
import type { SealedRecord } from '@/storage/schema'
import { Vault } from '@/storage/vault'
import { acquaintedClients, Client, PASSWORD } from '../../support/client'
import { engineThread } from '../../support/engine'
import { fillDisk } from '../../support/full-disk'
import { TestRelay } from '../../support/test-relay'
import { dump } from '../../support/storage'
import { until } from '../../support/wait'

interface Devtools {
  send(method: string, parameters: object): Promise<unknown>
}

/** Changes every record of account, tokens and settings; the answer puts them back. */
async function damageRecords(database: string): Promise<() => Promise<void>> {
  const db = await openDatabase(database)
  const kept: [string, SealedRecord][] = []
  for (const key of (await db.getAllKeys('records')) as string[]) {
    const sealed = (await db.get('records', key)) as SealedRecord
    kept.push([key, sealed])
    const changed = sealed.slice()
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    await db.put('records', changed, key)
  }
  db.close()
  return async () => {
    const again = await openDatabase(database)
    for (const [key, sealed] of kept) await again.put('records', sealed, key)
    again.close()
  }
}

async function everything(database: string): Promise<string> {
  const db = await openDatabase(database)
  // The number of the tab that may write counts up with each that tries.
  await db.delete('vault', 'fence')
  const text = await dump(db)
  db.close()
  return text
}

describe('a damaged account record', () => {
  test('is shown as such; registering and logging in destroy nothing; mended, it opens', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    anna.stop()
    const mend = await damageRecords(anna.database)
    const before = await everything(anna.database)
    const again = new Client('anna', relay, {}, anna.database)
    await again.boot()
    expect(again.shown.state).toMatchObject({ phase: 'unopened', trouble: 'damaged' })
    for (const command of ['register', 'login'] as const) {
      await expect(again.messenger[command]('anna', PASSWORD)).rejects.toMatchObject({
        code: 'storage_failed',
      })
    }
    await again.messenger.openStorage()
    expect(again.shown.state.phase).toBe('unopened')
    expect(await everything(anna.database)).toBe(before)

    await mend()
    await again.messenger.openStorage()
    expect(again.shown.state.phase).toBe('ready')
    await again.messenger.openConversation(bob.chat)
    expect(again.flow()).toEqual(['hello', 'hello back'])
    await again.messenger.sendText(bob.chat, 'still here')
    await until(() => bob.received().includes('still here'), 'sent')
  })

  test('under a passphrase is shown after it was given', async () => {
    const { anna } = await acquaintedClients()
    await anna.messenger.setPassphrase('open sesame now')
    await anna.messenger.lock()
    await damageRecords(anna.database)
    await anna.messenger.unlock('open sesame now')
    expect(anna.shown.state).toMatchObject({ phase: 'unopened', trouble: 'damaged' })
    await anna.messenger.openStorage()
    expect(anna.shown.state.phase).toBe('locked')
  })

  test('is erased only when the person says so; the device then begins anew', async () => {
    const { relay, anna } = await acquaintedClients()
    anna.stop()
    await damageRecords(anna.database)
    const again = new Client('anna', relay, {}, anna.database)
    await again.boot()
    await again.messenger.eraseDevice()
    expect(again.shown.state).toMatchObject({ phase: 'signed_out', knownUsername: null })
    await again.messenger.register('anew', PASSWORD)
    expect(again.shown.state.phase).toBe('ready')
  })
})

test('a full disk at the start is shown as such, and opens once there is room', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  anna.stop()
  fillDisk(anna.database)
  const again = new Client('anna', relay, {}, anna.database)
  await again.boot()
  expect(again.shown.state).toMatchObject({ phase: 'unopened', trouble: 'full' })
  await again.messenger.openStorage()
  expect(again.shown.state.phase).toBe('ready')
  await again.messenger.openConversation(bob.chat)
  expect(again.flow()).toEqual(['hello', 'hello back'])
})

test('a browser that does not open the database: said so, and erasing still works', async () => {
  const { relay, anna } = await acquaintedClients()
  anna.stop()
  onTestFinished(() => void vi.restoreAllMocks())
  const { open } = IDBFactory.prototype
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (
    this: IDBFactory,
    name: string,
    version?: number,
  ) {
    if (name === anna.database) throw new DOMException('no', 'InvalidStateError')
    return open.call(this, name, version)
  })
  const again = new Client('anna', relay, {}, anna.database)
  await again.boot()
  expect(again.shown.state).toMatchObject({ phase: 'unopened', trouble: 'failed' })
  vi.restoreAllMocks()
  await again.messenger.eraseDevice()
  expect(again.shown.state.phase).toBe('signed_out')
})

test('a browser that refuses locks: said so instead of opening for ever', async () => {
  onTestFinished(() => void vi.restoreAllMocks())
  const refusal = new DOMException('no', 'SecurityError')
  vi.spyOn(navigator.locks, 'request').mockRejectedValue(refusal)
  const reported = vi.spyOn(globalThis, 'reportError').mockReturnValue()
  const anna = new Client('anna', new TestRelay())
  await anna.boot()
  expect(anna.shown.state).toMatchObject({ phase: 'unopened', trouble: 'failed' })
  expect(reported.mock.calls).toEqual([[refusal]])
})

test('a bug while opening is shown, and reported once as it is', async () => {
  onTestFinished(() => void vi.restoreAllMocks())
  const bug = new TypeError('a bug')
  vi.spyOn(Vault.prototype, 'state').mockRejectedValueOnce(bug)
  const reported = vi.spyOn(globalThis, 'reportError').mockReturnValue()
  const anna = new Client('anna', new TestRelay())
  await anna.boot()
  expect(anna.shown.state).toMatchObject({ phase: 'unopened', trouble: 'failed' })
  expect(reported.mock.calls).toEqual([[bug]])
  await anna.messenger.openStorage()
  expect(anna.shown.state.phase).toBe('signed_out')
})

test('a bug in a command is told in words, and reported as it is', async () => {
  onTestFinished(() => void vi.restoreAllMocks())
  const bug = new TypeError('a bug')
  const anna = new Client('anna', new TestRelay())
  await anna.boot()
  vi.spyOn(Vault.prototype, 'unlock').mockRejectedValueOnce(bug)
  const reported = vi.spyOn(globalThis, 'reportError').mockReturnValue()
  await expect(anna.messenger.unlock('seven plain words')).rejects.toMatchObject({
    code: 'internal',
  })
  expect(reported.mock.calls).toEqual([[bug]])
})

test('an engine that cannot be fetched: no connection is said, and it opens once there is one', async () => {
  const { anna, bob, relay } = await acquaintedClients()
  anna.stop()
  const absent = ['/no-such-script.js']
  const thread = (): Worker =>
    absent.length > 0 ? new Worker(absent.pop() ?? '', { type: 'module' }) : engineThread()
  const again = new Client('anna', relay, { thread }, anna.database)
  const reported = vi.spyOn(globalThis, 'reportError')
  const events = { outdated: vi.fn(), unreachable: vi.fn() }
  const stop = watchLateParts(events, () => Promise.resolve(true))
  onTestFinished(() => (vi.restoreAllMocks(), stop()))
  await again.boot()
  expect(again.shown.state).toMatchObject({ phase: 'unopened', trouble: 'offline' })
  expect(reported).not.toHaveBeenCalled()
  // After an upgrade the server has it no more: then the new version is offered.
  await until(() => events.outdated.mock.calls.length === 1, 'looked for another version')
  await again.messenger.openStorage()
  expect(again.shown.state.phase).toBe('ready')
  await again.messenger.sendText(bob.chat, 'still here')
  await until(() => bob.received().includes('still here'), 'sent')
})

test('whichever single record is damaged, only the account’s keeps the device from opening', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  await anna.messenger.setSetting('theme', 'dark')
  anna.stop()
  const db = await openDatabase(anna.database)
  const whole = new Map<string, SealedRecord>()
  for (const key of (await db.getAllKeys('records')) as string[]) {
    whole.set(key, (await db.get('records', key)) as SealedRecord)
  }
  const phases = new Set<string>()
  for (const [key, sealed] of whole) {
    await db.put('records', new Uint8Array(60), key)
    const again = new Client('anna', relay, {}, anna.database)
    await again.boot()
    phases.add(`${again.shown.state.phase} ${again.shown.settingsShown.theme}`)
    again.stop()
    await db.put('records', sealed, key)
  }
  db.close()
  expect([...phases].toSorted()).toEqual([
    'ready dark',
    'ready system',
    'signed_out dark',
    'unopened system',
  ])
  expect(bob.received()).toEqual(['hello'])
})

/** Every database that is opened from now on, as the browser hands it out. */
function watchDatabases(): IDBDatabase[] {
  onTestFinished(() => void vi.restoreAllMocks())
  const opened: IDBDatabase[] = []
  const { open } = IDBFactory.prototype
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (
    this: IDBFactory,
    name: string,
    version?: number,
  ) {
    const request = open.call(this, name, version)
    request.addEventListener('success', () => opened.push(request.result))
    return request
  })
  return opened
}

test.each([
  ['and says so', (database: IDBDatabase) => void database.dispatchEvent(new Event('close'))],
  // As where another tab upgrades it, or where a browser forgets the event.
  ['without a word', () => undefined],
])(
  'a browser that closes the database %s: it opens again by itself, and ends in a screen, not in a loop',
  async (_, tell) => {
    const opened = watchDatabases()
    const { relay, anna, bob } = await acquaintedClients()
    const { chat } = anna
    const close = (): void => {
      for (const database of opened.filter(({ name }) => name === anna.database)) {
        database.close()
        tell(database)
      }
    }
    for (const text of ['after the first', 'after the second']) {
      anna.shown.connection({ state: 'paused' })
      close()
      await bob.messenger.sendText(chat, text)
      await until(() => anna.shown.link.state === 'online', 'opened again')
      await anna.messenger.openConversation(bob.chat)
      await until(() => anna.received().includes(text), 'fetched and stored')
      await anna.messenger.sendText(bob.chat, text)
      await until(() => bob.received().includes(text), 'sent')
    }
    close()
    await bob.messenger.sendText(chat, 'waits at the relay')
    await until(() => anna.shown.state.phase === 'unopened', 'said so')
    expect(relay.device('anna').socket).toBeNull()
    await anna.messenger.openStorage()
    expect(anna.shown.state.phase).toBe('ready')
    await anna.messenger.openConversation(bob.chat)
    await until(() => anna.received().includes('waits at the relay'), 'fetched')
  },
)

test('a site whose data is cleared while it is open: it begins anew, and nothing is acknowledged that was not stored', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  const waiting = relay.device('anna').mailbox.map(({ seq }) => seq)
  const [origin, storageTypes] = [location.origin, 'indexeddb']
  await (cdp() as unknown as Devtools).send('Storage.clearDataForOrigin', { origin, storageTypes })
  await until(() => anna.shown.state.phase === 'signed_out', 'begins anew')
  expect(anna.shown.state.account).toBeNull()
  expect(anna.shown.contacts.size).toBe(0)
  expect(relay.device('anna').socket).toBeNull()
  // What it had not stored by then still waits for it, beside what came later; bob's page was cleared, too.
  const still = relay.device('anna').mailbox.map(({ seq }) => seq)
  expect(still).toEqual(expect.arrayContaining(waiting))
  await until(() => bob.shown.state.phase === 'signed_out', 'begins anew as well')
  await anna.messenger.register('anew', PASSWORD)
  expect(anna.shown.state.phase).toBe('ready')
})
