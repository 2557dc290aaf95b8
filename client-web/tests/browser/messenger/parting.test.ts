/** Leaving a device, and who may come after: nothing of the one before is used, shown or sent to. */
import { describe, expect, test } from 'vitest'
import { RelayError } from '@/wire/errors'
import type { HttpCall } from '@/wire/http'
import { Client, PASSWORD, settledClients } from '../../support/client'
import { beforeDecrypting } from '../../support/engine'
import { Gate } from '../../support/gate'
import { hurry } from '../../support/hurry'
import { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

/** Two acquainted clients; Anna's calls may be answered by `step`, her decryption held. */
async function setUp() {
  const relay = new TestRelay()
  const step = { answer: async (_request: HttpCall): Promise<unknown> => undefined }
  const decryption = new Gate()
  const wire = relay.wire((request) => step.answer(request))
  const engine = beforeDecrypting(() => decryption.pass())
  const { anna, bob } = await settledClients({ wire, engine }, relay)
  return { relay, step, decryption, anna, bob }
}

async function revoked(relay: TestRelay, client: Client): Promise<void> {
  relay.device(client.name).socket?.closed('revoked')
  await until(() => client.shown.state.phase === 'signed_out', 'signed out')
}

describe('signing out', () => {
  test('closes this device at the relay: nobody encrypts to it any more', async () => {
    const { relay, anna, bob } = await setUp()
    const { chat } = anna
    await anna.messenger.logout()
    expect(relay.user('anna').devices.size).toBe(0)
    expect(anna.shown.state).toMatchObject({ phase: 'signed_out', ended: null })
    relay.sends.length = 0
    await bob.messenger.sendText(chat, 'are you there?')
    await until(() => bob.shown.messages.at(-1)?.problem === 'no_devices', 'no device')
    const envelopes = relay.sends.flatMap(({ payload }) => payload.envelopes.length)
    // One that still knew the device was refused; after it nothing was encrypted.
    expect(envelopes.length).toBeLessThanOrEqual(1)
  })

  test('also without a relay, and with one that never answers', async () => {
    hurry(20)
    for (const answer of [
      () => Promise.reject(new RelayError('no_answer')),
      () => new Promise(() => undefined),
    ]) {
      const { relay, step, anna } = await setUp()
      step.answer = async ({ method }) => (method === 'DELETE' ? answer() : undefined)
      await anna.messenger.logout()
      expect(anna.shown.state).toMatchObject({ phase: 'signed_out', account: null })
      expect(relay.user('anna').devices.size).toBe(1)
      anna.stop()
    }
  })

  test('the end of its own connection is not told as one that somebody else caused', async () => {
    const { relay, step, anna } = await setUp()
    step.answer = async ({ method }) => {
      if (method === 'DELETE') relay.device('anna').socket?.closed('revoked')
    }
    await anna.messenger.logout()
    expect(anna.shown.state).toMatchObject({ phase: 'signed_out', ended: null })
  })
})

test('a name that was deleted and registered again does not open the old account’s data', async () => {
  const { relay, anna, bob } = await setUp()
  await revoked(relay, anna)
  const old = relay.user('anna')
  relay.users.delete(old.id)
  const other = await Client.registered('anna', relay)
  await expect(anna.messenger.login('anna', PASSWORD)).rejects.toMatchObject({
    code: 'invalid',
    details: { field: 'username' },
  })
  expect(anna.shown.state.phase).toBe('signed_out')
  relay.users.delete(other.userId)
  relay.users.set(old.id, old)
  await anna.messenger.login('anna', PASSWORD)
  await anna.messenger.openConversation(bob.chat)
  expect(anna.flow()).toEqual(['hello', 'hello back'])
})

describe('after the relay ended the session', () => {
  test('a message that was being opened is kept, and shown to nobody', async () => {
    const { relay, decryption, anna, bob } = await setUp()
    const held = decryption.hold()
    await bob.messenger.sendText(anna.chat, 'half received')
    await held
    await revoked(relay, anna)
    decryption.release()
    await calm(200)
    const { contacts, conversations, messages, events, link } = anna.shown
    expect([contacts.size, conversations.size, messages, events]).toEqual([0, 0, [], []])
    expect(link.state).toBe('paused')
    await anna.messenger.login('anna', PASSWORD)
    await anna.messenger.openConversation(bob.chat)
    await until(() => anna.received().includes('half received'), 'there')
    expect(anna.received()).toEqual(['hello back', 'half received'])
  })

  test('tokens that were being renewed do not take the place of the next session’s', async () => {
    const { relay, step, anna } = await setUp()
    const renewal = new Gate()
    const used: unknown[] = []
    const stale = {
      user_id: anna.userId,
      device_id: 1,
      session_id: crypto.randomUUID(),
      access_token: `${anna.userId}/1`,
      access_expires_at: Date.now() + 900_000,
      refresh_token: 'stale',
      refresh_expires_at: Date.now() + 1e9,
    }
    step.answer = async ({ path, body }) => {
      if (path === '/v1/sessions') throw new RelayError('unauthorized')
      if (path !== '/v1/sessions/refresh') return undefined
      used.push((body as { refresh_token: unknown }).refresh_token)
      await renewal.pass()
      return stale
    }
    const ask = (client: Client) => client.messenger.listSessions().catch(() => undefined)
    const held = renewal.hold()
    const asked = ask(anna)
    await held
    await revoked(relay, anna)
    const { answer } = step
    step.answer = async (request) => (request.path === '/v1/sessions' ? undefined : answer(request))
    await anna.messenger.login('anna', PASSWORD)
    renewal.release()
    await asked
    const again = await anna.reloaded()
    step.answer = answer
    await ask(again)
    expect(used).toHaveLength(2)
    expect(used).not.toContain('stale')
  })
})
