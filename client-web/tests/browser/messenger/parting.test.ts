/** Leaving a device, and who may come after: nothing of the one before is used, shown or sent to. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RelayError } from '@/wire/errors'
import type { HttpCall } from '@/wire/http'
import { acquaintedClients, Client, until } from '../../support/client'
import { TestRelay } from '../../support/test-relay'

const PASSWORD = 'correct horse battery'
const clients: Client[] = []
afterEach(() => {
  vi.restoreAllMocks()
  for (const client of clients.splice(0)) client.stop()
})

/** Two acquainted clients; Anna's calls go through `step` first. */
async function setUp() {
  const relay = new TestRelay()
  const step = { before: async (_request: HttpCall): Promise<void> => undefined }
  const honest = relay.wire()
  const wire = {
    ...honest,
    call: async (request: HttpCall) => {
      await step.before(request)
      return honest.call(request)
    },
  }
  const { anna, bob } = await acquaintedClients(relay, { wire })
  clients.push(anna, bob)
  return { relay, step, anna, bob }
}

describe('signing out', () => {
  test('closes this device at the relay: nobody encrypts to it any more', async () => {
    const { relay, anna, bob } = await setUp()
    const { userId } = anna
    await anna.messenger.logout()
    expect(relay.user('anna').devices.size).toBe(0)
    expect(anna.shown.state).toMatchObject({ phase: 'signed_out', ended: null })
    relay.sends.length = 0
    await bob.messenger.sendText(userId, 'are you there?')
    await until(() => bob.shown.messages.at(-1)?.problem === 'no_devices', 'no device')
    const envelopes = relay.sends.flatMap(({ payload }) => payload.envelopes.length)
    // One that still knew the device was refused; after it nothing was encrypted.
    expect(envelopes.length).toBeLessThanOrEqual(1)
  })

  test('also without a relay, and with one that never answers', async () => {
    for (const before of [
      () => Promise.reject(new RelayError('no_answer')),
      () => new Promise<never>(() => undefined),
    ]) {
      const { relay, step, anna } = await setUp()
      step.before = (request) => (request.method === 'DELETE' ? before() : Promise.resolve())
      await anna.messenger.logout()
      expect(anna.shown.state).toMatchObject({ phase: 'signed_out', account: null })
      expect(relay.user('anna').devices.size).toBe(1)
      anna.stop()
    }
  })

  test('the end of its own connection is not told as one that somebody else caused', async () => {
    const { relay, step, anna } = await setUp()
    step.before = async ({ method }) => {
      if (method === 'DELETE') relay.device('anna').socket?.closed('revoked')
    }
    await anna.messenger.logout()
    expect(anna.shown.state).toMatchObject({ phase: 'signed_out', ended: null })
  })
})

test('a name that was deleted and registered again does not open the old account’s data', async () => {
  const { relay, anna, bob } = await setUp()
  relay.device('anna').socket?.closed('revoked')
  await until(() => anna.shown.state.phase === 'signed_out', 'signed out')
  const old = relay.user('anna')
  relay.users.delete(old.id)
  const other = await Client.registered('anna', relay)
  clients.push(other)
  await expect(anna.messenger.login('anna', PASSWORD)).rejects.toMatchObject({
    code: 'invalid',
    details: { field: 'username' },
  })
  expect(anna.shown.state.phase).toBe('signed_out')
  relay.users.delete(other.userId)
  relay.users.set(old.id, old)
  await anna.messenger.login('anna', PASSWORD)
  await anna.messenger.openConversation(bob.userId)
  expect(anna.flow()).toEqual(['hello', 'hello back'])
})
