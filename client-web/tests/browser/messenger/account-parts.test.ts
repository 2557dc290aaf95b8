/** What only an account needs is fetched when one is opened: where that fails, nothing is lost, and a way on is there. */
import { expect, test } from 'vitest'
import { acquaintedClients, Client, PASSWORD } from '../../support/client'
import { TestRelay } from '../../support/test-relay'
import { until } from '../../support/wait'

/** Fails while `away`. */
function parts() {
  const state = { away: true, asked: 0 }
  const accountParts = async () => {
    state.asked += 1
    if (state.away) throw new TypeError('Failed to fetch dynamically imported module')
    return import('@/messenger/session/account-parts')
  }
  return { state, accountParts }
}

test('at the start the device is not opened and not signed out, and opens at the next try', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  anna.stop()
  const { state, accountParts } = parts()
  const again = new Client('anna', relay, { accountParts }, anna.database)
  await again.boot()
  expect(again.shown.state).toMatchObject({ phase: 'unopened', trouble: 'offline' })
  await again.messenger.openStorage()
  expect(again.shown.state.phase).toBe('unopened')
  state.away = false
  await again.messenger.openStorage()
  expect(again.shown.state.phase).toBe('ready')
  await again.messenger.sendText(bob.chat, 'still here')
  await until(() => bob.received().includes('still here'), 'sent')
})

test('after a passphrase it is the same, and the passphrase is asked for again', async () => {
  const { relay, anna } = await acquaintedClients()
  await anna.messenger.setPassphrase('open sesame now')
  anna.stop()
  const { state, accountParts } = parts()
  const again = new Client('anna', relay, { accountParts }, anna.database)
  await again.boot()
  expect([again.shown.state.phase, state.asked]).toEqual(['locked', 0])
  await again.messenger.unlock('open sesame now')
  expect(again.shown.state).toMatchObject({ phase: 'unopened', trouble: 'offline' })
  state.away = false
  await again.messenger.openStorage()
  await again.messenger.unlock('open sesame now')
  expect(again.shown.state.phase).toBe('ready')
})

test('while registering it is an error of the form, which goes on from there', async () => {
  const { state, accountParts } = parts()
  const anna = new Client('anna', new TestRelay(), { accountParts })
  await anna.boot()
  expect([anna.shown.state.phase, state.asked]).toEqual(['signed_out', 0])
  await expect(anna.messenger.register('anna', PASSWORD)).rejects.toMatchObject({ code: 'offline' })
  expect(anna.shown.state.phase).toBe('signed_out')
  state.away = false
  await anna.messenger.register('anna', PASSWORD)
  expect(anna.shown.state.phase).toBe('ready')
})
