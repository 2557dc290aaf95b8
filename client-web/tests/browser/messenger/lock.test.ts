/** Locking: nothing is shown from the moment it begins, and nothing that was typed is lost by it. */
import { expect, test } from 'vitest'
import { webDeviceKeys } from '@/platform/web'
import { openDatabase } from '@/storage/database'
import { Sealer } from '@/storage/sealer'
import { Vault } from '@/storage/vault'
import { acquaintedClients, Client } from '../../support/client'
import { fillDisk } from '../../support/full-disk'
import { copied, copyInto } from '../../support/storage'
import { until } from '../../support/wait'

const PASSPHRASE = 'open sesame now'

test('is shown before anything is waited for, and what views put away then is still stored', async () => {
  const { anna, bob } = await acquaintedClients()
  await anna.messenger.setPassphrase(PASSPHRASE)
  const locked = anna.messenger.lock()
  expect(anna.shown.state.lock).toMatchObject({ enabled: true, locked: true })
  // As the chat does when it is taken down: views follow what is shown in a microtask.
  const stored = anna.messenger.saveDraft(bob.chat, 'half a sentence')
  await Promise.all([locked, stored])
  expect(anna.shown.state.phase).toBe('locked')
  await anna.messenger.unlock(PASSPHRASE)
  expect(anna.shown.state.lock).toMatchObject({ enabled: true, locked: false })
  expect(anna.shown.conversations.get(bob.chat)?.draft).toBe('half a sentence')
})

test('that is asked for twice at once happens once, and unlocking waits for it', async () => {
  const { anna } = await acquaintedClients()
  await anna.messenger.setPassphrase(PASSPHRASE)
  const locked = [anna.messenger.lock(), anna.messenger.lock()]
  await anna.messenger.unlock(PASSPHRASE)
  await Promise.all(locked)
  expect(anna.shown.state).toMatchObject({ phase: 'ready', lock: { enabled: true, locked: false } })
})

test('a passphrase that another tab took away is asked for by none any more', async () => {
  const { anna, relay } = await acquaintedClients()
  await anna.messenger.setPassphrase(PASSPHRASE)
  await anna.messenger.lock()
  const other = new Client('anna', relay, {}, anna.database)
  await other.boot()
  await other.messenger.takeOver()
  await other.messenger.unlock(PASSPHRASE)
  await other.messenger.setPassphrase(null, PASSPHRASE)
  await anna.messenger.takeOver()
  expect(anna.shown.state).toMatchObject({
    phase: 'ready',
    lock: { enabled: false, locked: false },
  })
})

/** A database that lies beside the client's, for what was on the disk at that moment. */
async function copyOf(client: Client, name: string) {
  const db = await openDatabase(client.database)
  const copy = await copied(db, `${client.database}-${name}`)
  db.close()
  return copy
}

test('the first passphrase: what was on disk before opens nothing of what lies there then', async () => {
  const { anna, bob } = await acquaintedClients()
  const keys = webDeviceKeys(`${anna.database}-keys`)
  const before = await copyOf(anna, 'before')
  await anna.messenger.setPassphrase(PASSPHRASE)
  // It goes on as if nothing had been, the connection included.
  await anna.messenger.openConversation(bob.chat)
  await anna.messenger.sendText(bob.chat, 'sealed anew')
  await until(() => bob.received().includes('sealed anew'), 'sent')
  await bob.messenger.sendText(anna.chat, 'and opened')
  await until(() => anna.received().includes('and opened'), 'received')

  const after = await copyOf(anna, 'after')
  const sealer = new Sealer(await new Vault(before, keys).unlock(null))
  for (const table of ['records', 'contacts', 'sessions', 'outbox', 'prekeys'] as const) {
    for (const key of await after.getAllKeys(table)) {
      const sealed = await after.get(table, key as never)
      const opening = sealer.open(`${table}#${String(key)}`, sealed as Uint8Array)
      await expect(opening).rejects.toMatchObject({ code: 'damaged' })
    }
  }
  expect(await after.count('sessions')).toBeGreaterThan(0)
  // Also the whole old wrapping, put back in its place, is no way around the passphrase.
  const root = await before.get('vault', 'root')
  anna.stop()
  const db = await openDatabase(anna.database)
  await db.put('vault', root, 'root')
  db.close()
  const around = new Client('anna', anna.relay, {}, anna.database)
  await around.boot()
  expect(around.shown.state).toMatchObject({ phase: 'signed_out', account: null })
  expect(around.shown.contacts.size).toBe(0)
  around.stop()

  const again = await openDatabase(anna.database)
  await copyInto(after, again)
  for (const one of [again, before, after]) one.close()
  const reloaded = await anna.reloaded()
  expect(reloaded.shown.state.phase).toBe('locked')
  await reloaded.messenger.unlock(PASSPHRASE)
  await reloaded.messenger.openConversation(bob.chat)
  expect(reloaded.flow()).toEqual(['hello', 'hello back', 'sealed anew', 'and opened'])
})

test('another passphrase makes another key; a wrong present one stops nothing', async () => {
  const { anna, bob } = await acquaintedClients()
  await anna.messenger.setPassphrase(PASSPHRASE)
  const before = await copyOf(anna, 'before')
  anna.shown.connection({ state: 'paused' })
  await expect(
    anna.messenger.setPassphrase('crooked lamp nine rivers', 'wrong'),
  ).rejects.toMatchObject({
    code: 'wrong_passphrase',
  })
  // Not even the connection.
  expect(anna.shown.link.state).toBe('paused')
  await anna.messenger.setPassphrase('crooked lamp nine rivers', PASSPHRASE)
  const keys = webDeviceKeys(`${anna.database}-keys`)
  const sealer = new Sealer(await new Vault(before, keys).unlock(PASSPHRASE))
  const after = await copyOf(anna, 'after')
  const [key] = await after.getAllKeys('contacts')
  const sealed = (await after.get('contacts', key as string)) as Uint8Array
  await expect(sealer.open(`contacts#${key}`, sealed)).rejects.toMatchObject({ code: 'damaged' })
  for (const one of [before, after]) one.close()
  await anna.messenger.sendText(bob.chat, 'still here')
  await until(() => bob.received().includes('still here'), 'sent')
})

test('a disk that is full while it seals: said so, no lock, and everything goes on', async () => {
  const { anna, bob } = await acquaintedClients()
  fillDisk(anna.database)
  await expect(anna.messenger.setPassphrase(PASSPHRASE)).rejects.toMatchObject({
    code: 'storage_full',
  })
  expect(anna.shown.state.phase).toBe('ready')
  await anna.messenger.sendText(bob.chat, 'still here')
  await until(() => bob.received().includes('still here'), 'sent')
  expect((await anna.reloaded()).shown.state).toMatchObject({
    phase: 'ready',
    lock: { enabled: false },
  })
})

test('the lock is offered to who just registered, until it is set or declined', async () => {
  const { anna, bob, relay } = await acquaintedClients()
  expect(anna.shown.state.offerLock).toBe(true)
  await anna.messenger.declineLock()
  expect(anna.shown.state.offerLock).toBe(false)
  await bob.messenger.setPassphrase(PASSPHRASE)
  expect(bob.shown.state.offerLock).toBe(false)
  const second = await Client.loggedIn('anna', relay)
  expect(second.shown.state.offerLock).toBe(false)
})
