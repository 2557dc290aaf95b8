/** Locking: nothing is shown from the moment it begins, and nothing that was typed is lost by it. */
import { expect, test } from 'vitest'
import { acquaintedClients, Client } from '../../support/client'

const PASSPHRASE = 'open sesame now'

test('is shown before anything is waited for, and what views put away then is still stored', async () => {
  const { anna, bob } = await acquaintedClients()
  await anna.messenger.setPassphrase(PASSPHRASE)
  const locked = anna.messenger.lock()
  expect(anna.shown.state.lock).toEqual({ enabled: true, locked: true })
  // As the chat does when it is taken down: views follow what is shown in a microtask.
  const stored = anna.messenger.saveDraft(bob.userId, 'half a sentence')
  await Promise.all([locked, stored])
  expect(anna.shown.state.phase).toBe('locked')
  await anna.messenger.unlock(PASSPHRASE)
  expect(anna.shown.state.lock).toEqual({ enabled: true, locked: false })
  expect(anna.shown.conversations.get(bob.userId)?.draft).toBe('half a sentence')
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
