/** A relay that makes up keys for somebody: what is told of it, and what stays beside it. */
import { PreKeyWhisperMessage } from '@privacyresearch/libsignal-protocol-protobuf-ts'
import { expect, test } from 'vitest'
import { concat, own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { x25519 } from '@noble/curves/ed25519.js'
import { acquaintedClients, Client } from '../../support/client'
import { forgedFor } from '../../support/forged'
import { until } from '../../support/wait'

/** The same prekey message under a key that nobody has seen. */
function underAnotherKey(body: Bytes): Bytes {
  const message = PreKeyWhisperMessage.decode(body.slice(1))
  const key = concat(new Uint8Array([5]), x25519.keygen().publicKey as Bytes)
  const forged = PreKeyWhisperMessage.encode({ ...message, identityKey: key }).finish()
  return concat(body.subarray(0, 1), own(forged))
}

test('threat 36: 500 forged prekey messages are one notice, and displace nothing', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  await bob.messenger.setSetting('readReceipts', false)
  anna.stop()
  const phone = await Client.anew('anna', relay)
  await phone.messenger.addContactByCode(bob.code)
  await phone.messenger.sendText(bob.chat, 'my new phone')
  await until(() => bob.contact(phone)?.trust === 'changed', 'a warning')
  const [user, device] = [relay.user('bob'), relay.device('bob')]
  const forged = await forgedFor(relay, 'bob')
  for (let i = 0; i < 500; i++) {
    const from = { user_id: phone.userId, device_id: 1 }
    const body = underAnotherKey(forged.body)
    relay.deliver(user, device, { ...forged, id: crypto.randomUUID(), body, from })
  }
  await phone.messenger.sendText(bob.chat, 'are you there?')
  await until(() => device.mailbox.length === 0, 'all stored', 40_000)

  const told = (client: Client) => ({
    chat: client.shown.messages.flatMap(({ notice }) =>
      notice?.type === 'identity_changed' ? notice : [],
    ),
    log: client.shown.events.filter(({ type }) => type === 'identity_changed').length,
  })
  // The last message is under the phone's key again.
  expect(told(bob)).toEqual({ chat: [{ type: 'identity_changed', count: 502 }], log: 1 })
  expect(bob.flow()).toEqual(['hello', 'hello back', 'identity_changed'])
  expect(bob.shown.events.find(({ type }) => type === 'identity_changed')?.count).toBe(502)

  const again = await bob.reloaded()
  await again.messenger.openConversation(phone.chat)
  expect(told(again).log).toBe(1)
  await again.messenger.addContactByQr(phone.qr)
  await until(() => again.received().includes('are you there?'), 'what was held')
  expect(again.received()).toEqual(['hello', 'my new phone', 'are you there?'])
  expect(again.contact(phone)?.trust).toBe('verified')
})

test('threat 36: what does not fit beside what is held is counted in one line', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  const [user, device] = [relay.user('bob'), relay.device('bob')]
  const forged = await forgedFor(relay, 'bob')
  const from = { user_id: anna.userId, device_id: 1 }
  for (let i = 0; i < 205; i++) {
    relay.deliver(user, device, { ...forged, id: crypto.randomUUID(), from })
  }
  await until(() => device.mailbox.length === 0, 'all stored')
  expect(bob.flow()).toEqual(['hello', 'hello back', 'identity_changed', 'gap'])
  expect(bob.shown.messages.at(-1)?.notice).toEqual({ type: 'gap', count: 5 })
})
