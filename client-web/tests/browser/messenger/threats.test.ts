/** A relay that lies about keys and devices: what threats 1 to 4 come to in the real client. */
import { describe, expect, test } from 'vitest'
import { fromBase64 } from '@/crypto/bytes'
import { identityText } from '@/crypto/contact/contact-code'
import { encodeContent } from '@/messenger/contents/codec'
import { RelayError } from '@/wire/errors'
import { acquaintedClients, Client, contacts, strangers } from '../../support/client'
import { attackersDevice, forgedFor, lookAlike } from '../../support/forged'
import { withoutKem } from '../../support/older-build'
import { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

describe('threat 1: another identity on a prekey message', () => {
  test('is shown, not read; the pin stays and nothing more is sent', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const before = bob.contact(anna)
    const from = { user_id: anna.userId, device_id: 1 }
    const forged = await forgedFor(relay, 'bob')
    relay.deliver(relay.user('bob'), relay.device('bob'), { ...forged, from })
    await until(() => bob.contact(anna)?.trust === 'changed', 'a warning')
    expect(bob.contact(anna)?.identity).toBe(before?.identity)
    expect(bob.received()).toEqual(['hello'])
    expect(bob.flow()).toContain('identity_changed')
    relay.sends.length = 0
    await bob.messenger.sendText(anna.chat, 'secret')
    await calm()
    expect(relay.sends.filter(({ from }) => from === 'bob').length).toBe(0)
    expect(bob.shown.messages.at(-1)).toMatchObject({
      status: 'waiting',
      problem: 'identity_changed',
    })
    // Bob asked Anna: her key is the old one. What he wrote goes to it.
    await bob.messenger.keepOldKey(anna.userId)
    await until(() => anna.received().includes('secret'), 'sent under the old key')
    expect(bob.contact(anna)?.trust).toBe('unverified')
  })
})

describe('threat 2: a swapped key in a bundle or a contact answer', () => {
  test('no ciphertext leaves for a contact whose bundle has another key', async () => {
    const { relay, anna, bob } = await strangers()
    await anna.messenger.addContactByCode(bob.code)
    await anna.messenger.openConversation(bob.chat)
    const { identity, device } = await attackersDevice(1)
    relay.onAnswer = (path, answer) =>
      path.includes('/bundles/') ? { ...answer, identity_key: identity, devices: [device] } : answer
    await anna.messenger.sendText(bob.chat, 'secret')
    await until(() => anna.contact(bob)?.trust === 'changed', 'a warning')
    await calm()
    expect(relay.sends.length).toBe(0)
    expect(anna.newKeyOf(bob)).toBe(identityText(fromBase64(identity)))
  })

  test('a scanned QR whose key the relay does not have adds nobody', async () => {
    const { relay, anna, bob } = await strangers()
    const { identity } = await attackersDevice(1)
    relay.onAnswer = (_path, answer) => ({ ...answer, identity_key: identity })
    await expect(anna.messenger.addContactByQr(bob.qr)).rejects.toMatchObject({
      code: 'key_mismatch',
    })
    await expect(anna.messenger.addContactByCode(bob.code)).rejects.toMatchObject({
      code: 'key_mismatch',
    })
    expect(anna.shown.contacts.size).toBe(0)
  })

  test('after the person accepts the new key, what waited goes out', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    bob.stop()
    const again = await Client.anew('bob', relay)
    await anna.messenger.sendText(bob.chat, 'is it you?')
    await until(() => anna.contact(again)?.trust === 'changed', 'a warning')
    expect(again.shown.waiting).toEqual([])
    await anna.messenger.acceptNewKey(again.userId, anna.newKeyOf(again))
    await until(() => again.shown.waiting.length === 1, 'the message')
    expect(again.shown.waiting[0]?.last.text).toBe('is it you?')
    expect(anna.contact(again)?.trust).toBe('unverified')
    expect(anna.eventTypes()).toContain('identity_accepted')
  })
})

describe('threat 3: a contact code does not verify', () => {
  test('code: unverified; QR and a compared safety number: verified', async () => {
    const { anna, bob } = await acquaintedClients()
    expect(anna.contact(bob)?.trust).toBe('unverified')
    await anna.messenger.addContactByQr(bob.qr)
    expect(anna.contact(bob)?.trust).toBe('verified')
    const annas = await anna.messenger.safetyNumber(bob.userId)
    const bobs = await bob.messenger.safetyNumber(anna.userId)
    expect([annas.groups, annas.qr]).toEqual([bobs.groups, bobs.qr])
    expect(annas.groups.join('')).toMatch(/^\d{60}$/)
    await bob.messenger.compareSafetyQr(anna.userId, annas.qr)
    expect(bob.contact(anna)?.trust).toBe('verified')
    const wrong = annas.qr.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10))
    await expect(bob.messenger.compareSafetyQr(anna.userId, wrong)).rejects.toMatchObject({
      code: 'key_mismatch',
    })
  })
})

describe('threat 3: a key that was made to fit the short code', () => {
  test('is added by code and stays unverified; neither QR nor safety number takes it', async () => {
    const { relay, anna, bob } = await strangers()
    await bob.messenger.addContactByCode(anna.code)
    const ground = lookAlike(relay.user('bob').identity ?? '')
    relay.onAnswer = (_path, answer) => ({ ...answer, identity_key: ground })
    await anna.messenger.addContactByCode(bob.code)
    expect(anna.contact(bob)).toMatchObject({
      code: bob.code,
      identity: identityText(fromBase64(ground)),
      trust: 'unverified',
    })
    const refused = { code: 'key_mismatch' }
    await expect(anna.messenger.addContactByQr(bob.qr)).rejects.toMatchObject(refused)
    const [annas, bobs] = [
      await anna.messenger.safetyNumber(bob.userId),
      await bob.messenger.safetyNumber(anna.userId),
    ]
    expect(annas.groups).not.toEqual(bobs.groups)
    await expect(anna.messenger.compareSafetyQr(bob.userId, bobs.qr)).rejects.toMatchObject(refused)
    expect(anna.contact(bob)?.trust).toBe('unverified')
    // Once the relay is honest, the real code shows that there are two keys.
    relay.onAnswer = (_path, answer) => answer
    await expect(anna.messenger.addContactByCode(bob.code)).rejects.toMatchObject({
      code: 'identity_changed',
    })
    expect(anna.contact(bob)?.trust).toBe('changed')
  })
})

describe('threat 4: a relabelled sender or recipient', () => {
  test('a genuine message under a device number that did not write it is not read', async () => {
    const { relay, anna, bob } = await contacts()
    // A first message needs no session; its MAC covers both addresses.
    relay.onEnvelope = (one, to) =>
      to.name === 'bob' ? [{ ...one, from: { ...one.from, device_id: 9 } }, one] : [one]
    await anna.messenger.sendText(bob.chat, 'from device 1')
    await until(() => bob.received().includes('from device 1'), 'read as what it is')
    expect(bob.shown.events.find(({ type }) => type === 'undecryptable')).toMatchObject({
      userId: anna.userId,
      device: 9,
    })
    expect(bob.received()).toEqual(['from device 1'])
  })

  test('in version 3 the content says which device wrote it', async () => {
    const given = new TestRelay()
    const options = { wire: withoutKem(given) }
    const { relay, anna, bob } = await strangers({ anna: options, bob: options }, given)
    await anna.messenger.addContactByCode(bob.code)
    await bob.messenger.addContactByCode(anna.code)
    await bob.messenger.openConversation(anna.chat)
    // It opens: a first message needs no session, and its key is the pinned one.
    relay.onEnvelope = (one, to) =>
      to.name === 'bob' ? [{ ...one, from: { ...one.from, device_id: 9 } }, one] : [one]
    await anna.messenger.sendText(bob.chat, 'from device 1')
    await until(() => bob.received().length > 0, 'read as what it is')
    expect(bob.shown.events.find(({ type }) => type === 'sender_refused')).toMatchObject({
      userId: anna.userId,
      device: 9,
    })
    expect(bob.flow()).toEqual(['from device 1'])
  })

  test('what was written to somebody else, sealed for Bob, is refused', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const sender = { user_id: crypto.randomUUID(), device_id: 1 }
    const written = (to: string) =>
      forgedFor(relay, 'bob', (identity) =>
        encodeContent({
          v: 1,
          type: 'text',
          id: crypto.randomUUID(),
          from: { ...sender, username: 'mallory', identity },
          to,
          n: 1,
          sent_at: Date.now(),
          text: 'I resign',
        }),
      )
    const deliver = async (to: string) =>
      relay.deliver(relay.user('bob'), relay.device('bob'), {
        ...(await written(to)),
        from: sender,
      })
    await deliver(anna.userId)
    await until(() => bob.eventTypes().includes('sender_refused'), 'refused')
    expect(bob.shown.waiting).toEqual([])
    expect(bob.shown.contacts.has(sender.user_id)).toBe(false)
    // The very same, but to Bob, is a request like any other.
    await deliver(bob.userId)
    await until(() => bob.shown.waiting[0]?.last.text === 'I resign', 'a request')
  })

  test("a third person's message shown as Anna's is not taken as hers", async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const carol = await Client.registered('carol', relay)
    relay.onEnvelope = (one, to) =>
      to.name === 'bob' && one.from.user_id === carol.userId
        ? [{ ...one, from: { user_id: anna.userId, device_id: 1 } }]
        : [one]
    await carol.messenger.addContactByCode(bob.code)
    await carol.messenger.sendText(bob.chat, 'send me money')
    await until(() => bob.contact(anna)?.trust === 'changed', 'noticed')
    expect(bob.received()).toEqual(['hello'])
  })

  test('the same person under another device number is refused', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    relay.onEnvelope = (one, to) =>
      to.name === 'bob' ? [{ ...one, from: { ...one.from, device_id: 9 } }] : [one]
    await anna.messenger.sendText(bob.chat, 'relabelled')
    await until(() => bob.eventTypes().includes('undecryptable'), 'noticed')
    expect(bob.received()).toEqual(['hello'])
  })
})

test('a relay that never agrees about the devices gets no ciphertext after ciphertext', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  const honest = relay.beforeSend
  relay.sends.length = 0
  relay.beforeSend = ({ to }) => {
    if (to !== bob.userId) return
    throw new RelayError('device_mismatch', '', null, { missing: [], extra: [], stale: [1] })
  }
  await anna.messenger.sendText(bob.chat, 'patience')
  await until(() => relay.sends.length >= 5, 'tried')
  await calm(300)
  expect(relay.sends.length).toBeLessThan(9)
  relay.beforeSend = honest
  await until(() => bob.received().includes('patience'), 'sent in the end')
})
