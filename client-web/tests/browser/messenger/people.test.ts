/** Whom one knows: names that are asked for, strangers with new keys, people removed and met again. */
import { describe, expect, test } from 'vitest'
import type { IncomingEnvelope } from '@/wire/types'
import { acquaintedClients, Client, strangers } from '../../support/client'
import { calm, until } from '../../support/wait'

/** Anna wrote to Bob, who does not know her. */
async function asked() {
  const { relay, anna, bob } = await strangers()
  await anna.messenger.addContactByCode(bob.code)
  await anna.messenger.sendText(bob.chat, 'may I?')
  await until(() => bob.shown.waiting.length === 1, 'a request')
  return { relay, anna, bob }
}

describe('the name of a contact', () => {
  test('is the one that was typed, scanned or told; another in the answer is refused', async () => {
    const { relay, anna, bob } = await asked()
    const answers = (username: string) => {
      relay.onAnswer = (path, answer) =>
        path.includes('/contacts/') ? { ...answer, username } : answer
    }
    for (const [username, code] of [
      ['mallory', 'name_mismatch'],
      ['anna\u202e', 'bad_answer'],
      ['Anna', 'bad_answer'],
      ['the bank', 'bad_answer'],
    ] as const) {
      answers(username)
      const { messenger } = bob
      await expect(messenger.addContactByCode(anna.code)).rejects.toMatchObject({ code })
      await expect(messenger.addContactByQr(anna.qr)).rejects.toMatchObject({ code })
      await expect(messenger.acceptRequest(anna.userId)).rejects.toMatchObject({ code })
    }
    expect(bob.contact(anna)?.relation).toBe('request')
    answers('anna')
    await bob.messenger.addContactByCode(anna.code.toUpperCase())
    expect(bob.contact(anna)).toMatchObject({ username: 'anna', relation: 'contact' })
  })

  test('stays: a known person does not come back under another one', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const carol = await Client.registered('carol', relay)
    relay.onAnswer = (_path, answer) => ({ ...answer, user_id: bob.userId })
    for (const add of ['addContactByCode', 'addContactByQr'] as const) {
      const given = add === 'addContactByCode' ? carol.code : carol.qr
      await expect(anna.messenger[add](given)).rejects.toMatchObject({ code: 'name_mismatch' })
    }
    expect(anna.contact(bob)).toMatchObject({ username: 'bob', trust: 'unverified' })
  })
})

test('what a picture of a code says, pasted or from a file, adds unverified; its key is compared whole', async () => {
  const { relay, anna, bob } = await strangers()
  const mallory = await Client.registered('mallory', relay)
  relay.onAnswer = (_path, answer) => ({ ...answer, identity_key: relay.user('mallory').identity })
  await expect(bob.messenger.addContactByCode(anna.qr)).rejects.toMatchObject({
    code: 'key_mismatch',
  })
  relay.onAnswer = (_path, answer) => answer
  await bob.messenger.addContactByCode(`My code: ${anna.qr}`)
  expect(bob.contact(anna)).toMatchObject({ relation: 'contact', trust: 'unverified' })
  expect(bob.contact(mallory)).toBeUndefined()
})

describe('someone who is no contact yet and has a new key', () => {
  test('is added by the typed new code after they were declined: unverified', async () => {
    const { relay, anna, bob } = await asked()
    await bob.messenger.declineRequest(anna.userId)
    anna.stop()
    const phone = await Client.anew('anna', relay)
    await bob.messenger.addContactByCode(phone.code)
    expect(bob.contact(phone)).toMatchObject({
      relation: 'contact',
      trust: 'unverified',
      code: phone.code,
    })
    await bob.messenger.sendText(phone.chat, 'hello after all')
    await until(() => phone.shown.waiting[0]?.last.text === 'hello after all', 'sent')
  })

  test('is told apart when their request is accepted; their new code takes it in', async () => {
    const { relay, anna, bob } = await asked()
    anna.stop()
    const phone = await Client.anew('anna', relay)
    await phone.messenger.addContactByCode(bob.code)
    await phone.messenger.sendText(bob.chat, 'from my new phone')
    await until(() => bob.newKeyOf(phone) !== '', 'held')
    await expect(bob.messenger.acceptRequest(phone.userId)).rejects.toMatchObject({
      code: 'request_outdated',
      details: { fingerprint: phone.shown.state.account?.fingerprint },
    })
    expect(bob.contact(phone)?.relation).toBe('request')
    await bob.messenger.addContactByCode(phone.code)
    await bob.messenger.openConversation(phone.chat)
    await until(() => bob.received().includes('from my new phone'), 'what was held')
    expect(bob.received()).toEqual(['may I?', 'from my new phone'])
    expect(bob.contact(phone)).toMatchObject({ relation: 'contact', trust: 'unverified' })
    expect(bob.shown.waiting).toEqual([])
  })

  test('a contact, though, keeps the pinned key whatever code is typed', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const pinned = bob.contact(anna)?.identity
    anna.stop()
    const phone = await Client.anew('anna', relay)
    await expect(bob.messenger.addContactByCode(phone.code)).rejects.toMatchObject({
      code: 'identity_changed',
    })
    expect(bob.contact(phone)).toMatchObject({ identity: pinned, trust: 'changed' })
  })
})

describe('someone removed and added again', () => {
  test('goes on counting where they were: no message seems to be missing', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    for (const text of ['one', 'two', 'three']) await bob.messenger.sendText(anna.chat, text)
    await until(() => anna.received().includes('three'), 'received')
    await until(() => !bob.statuses().includes('accepted'), 'confirmed')
    await anna.messenger.removeContact(bob.userId)
    // Nobody wants it, or can read it: nobody misses it.
    await bob.messenger.sendText(anna.chat, 'in between')
    await until(() => anna.eventTypes().includes('undecryptable'), 'passed over')
    const again = await anna.reloaded()
    await again.messenger.addContactByCode(bob.code)
    await again.messenger.openConversation(bob.chat)
    await again.messenger.sendText(bob.chat, 'a fresh start')
    await until(() => bob.received().includes('a fresh start'), 'there')
    await bob.messenger.sendText(again.chat, 'gladly')
    await until(() => again.received().includes('gladly'), 'back')
    expect(again.flow()).toEqual(['a fresh start', 'gladly'])
    // What is lost from then on is missed again.
    relay.onEnvelope = (one, to) => (to.name === 'anna' ? [] : [one])
    await bob.messenger.sendText(again.chat, 'lost')
    await until(() => !bob.statuses().includes('waiting'), 'sent')
    relay.onEnvelope = (one) => [one]
    await bob.messenger.sendText(again.chat, 'after it')
    await until(() => again.received().includes('after it'), 'back')
    expect(again.flow().slice(2)).toEqual(['gap', 'after it'])
  })

  test('what they wrote before is known when it is offered again, and is no request', async () => {
    const { relay, anna, bob } = await strangers()
    // Without one-time prekeys: what is left is the last resort, whose uses are remembered.
    relay.device('anna').prekeys.length = 0
    relay.device('anna').kemPrekeys.length = 0
    const recorded: IncomingEnvelope[] = []
    relay.onEnvelope = (one, to) => {
      if (to.name === 'anna') recorded.push(one)
      return [one]
    }
    await bob.messenger.addContactByCode(anna.code)
    await bob.messenger.sendText(anna.chat, 'just once')
    await until(() => anna.shown.waiting.length === 1, 'a request')
    await anna.messenger.acceptRequest(bob.userId)
    await anna.messenger.removeContact(bob.userId)
    expect(recorded[0]?.kind).toBe('prekey')
    for (const one of recorded.splice(0))
      relay.deliver(relay.user('anna'), relay.device('anna'), one)
    // Another message of that session would look the same: it cannot be read, and begins nothing.
    await until(() => anna.eventTypes().includes('undecryptable'), 'refused')
    await calm(100)
    expect(anna.shown.waiting).toEqual([])
    expect(anna.contact(bob)).toBeUndefined()
  })
})
