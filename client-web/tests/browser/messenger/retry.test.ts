/** Every way a session can be lost ends with the text shown once, in its place, without anyone's doing. */
import { describe, expect, test } from 'vitest'
import { CryptoError } from '@/crypto/errors'
import { openDatabase } from '@/storage/database'
import type { IncomingEnvelope } from '@/wire/types'
import { Client, contacts, settledClients } from '../../support/client'
import { beforeDecrypting } from '../../support/engine'
import { garble } from '../../support/garble'
import { damageSecret } from '../../support/secrets-on-disk'
import { sayingFields } from '../../support/saying'
import { calm, until } from '../../support/wait'

/** The texts that came, and that nothing is awaited, lost or said to be missing any more. */
async function comesTo(client: Client, texts: string[]): Promise<void> {
  await until(() => client.received().length >= texts.length, `${texts.join(', ')}: shown`, 20_000)
  await calm(300)
  expect(client.received()).toEqual(texts)
  const left = client.flow().filter((one) => ['awaited', 'lost', 'gap'].includes(one))
  expect(left).toEqual([])
}

/** A copy of a whole profile, to be put back: the device as it was then. */
async function snapshot(database: string): Promise<() => Promise<void>> {
  const db = await openDatabase(database)
  const names = [...db.objectStoreNames].filter((name) => name !== 'vault')
  const rows = await Promise.all(
    names.map(async (name) => {
      const [keys, values] = [await db.getAllKeys(name), await db.getAll(name)]
      return keys.map((key, at) => ({ name, key, value: values[at] }))
    }),
  )
  db.close()
  return async () => {
    const back = await openDatabase(database)
    for (const name of names) await back.clear(name)
    for (const { name, key, value } of rows.flat())
      await back.put(name, value as never, key as never)
    back.close()
  }
}

test('a message that was garbled on the way is fetched again, and stands where it belongs', async () => {
  const { relay, anna, bob } = await settledClients()
  const garbling = garble(relay, anna, bob)
  await anna.messenger.sendText(bob.chat, 'garbled')
  await until(() => garbling.count === 1, 'garbled')
  garbling.on = false
  await anna.messenger.sendText(bob.chat, 'whole')
  await comesTo(bob, ['hello', 'garbled', 'whole'])
  expect(bob.shown.conversations.get(anna.chat)?.last?.text).toBe('whole')
  await until(() => anna.statuses().every((one) => one === 'delivered'), 'delivered')
})

test('several are one request, and a bubble says meanwhile that each is being fetched', async () => {
  const { relay, anna, bob } = await settledClients()
  const garbling = garble(relay, anna, bob)
  for (const text of ['one', 'two', 'three']) await anna.messenger.sendText(bob.chat, text)
  await until(() => bob.flow().filter((one) => one === 'awaited').length === 3, 'awaited')
  expect(bob.shown.conversations.get(anna.chat)?.unread).toBe(1)
  garbling.on = false
  await comesTo(bob, ['hello', 'one', 'two', 'three'])
  expect(bob.shown.conversations.get(anna.chat)?.unread).toBe(4)
})

test('a one-time prekey that is damaged', async () => {
  const { anna, bob } = await contacts()
  bob.stop()
  await damageSecret(bob.database, 'prekeys')
  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  await anna.messenger.sendText(bob.chat, 'in a session nobody can begin')
  await comesTo(again, ['in a session nobody can begin'])
})

test('prekeys that were erased', async () => {
  const { anna, bob } = await contacts()
  bob.stop()
  const db = await openDatabase(bob.database)
  for (const table of ['prekeys', 'kem_prekeys', 'signed_prekeys'] as const) await db.clear(table)
  db.close()
  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  await anna.messenger.sendText(bob.chat, 'to erased keys')
  await comesTo(again, ['to erased keys'])
})

test.each(['sessions', 'counters'] as const)(
  'records that do not open any more: %s',
  async (table) => {
    const { relay, anna, bob } = await settledClients()
    bob.stop()
    const db = await openDatabase(bob.database)
    for (const key of await db.getAllKeys(table)) {
      const sealed = await db.get(table, key)
      if (sealed)
        await db.put(
          table,
          sealed.map((byte: number, at: number) => (at === 40 ? byte ^ 1 : byte)),
          key,
        )
    }
    db.close()
    const again = new Client('bob', relay, {}, bob.database)
    await again.boot()
    await again.messenger.openConversation(anna.chat)
    await anna.messenger.sendText(bob.chat, 'after the damage')
    await until(() => again.received().includes('after the damage'), 'shown', 20_000)
    expect(again.received()).toEqual(['hello', 'after the damage'])
    expect(again.flow()).not.toContain('awaited')
  },
)

describe('a device that went back to an earlier state', () => {
  test('of the recipient: what the sender goes on with is read', async () => {
    const { relay, anna, bob } = await settledClients()
    bob.stop()
    const goBack = await snapshot(bob.database)
    const later = await bob.reloaded()
    await later.messenger.openConversation(anna.chat)
    // Both ratchets turn several times.
    for (let i = 0; i < 3; i++) {
      await anna.messenger.sendText(bob.chat, `to ${i}`)
      await until(() => later.received().includes(`to ${i}`), 'read')
      await later.messenger.sendText(anna.chat, `fro ${i}`)
      await until(() => anna.received().includes(`fro ${i}`), 'read')
    }
    // A receipt under way would be one more envelope that cannot be read.
    const receipts = () => [...anna.statuses(), ...later.statuses()]
    await until(() => receipts().every((one) => one === 'delivered'), 'delivered')
    await until(() => relay.device('bob').mailbox.length === 0, 'acknowledged')
    later.stop()
    await goBack()
    const back = new Client('bob', relay, {}, bob.database)
    await back.boot()
    await back.messenger.openConversation(anna.chat)
    await anna.messenger.sendText(bob.chat, 'are you there?')
    await until(() => back.received().includes('are you there?'), 'shown', 20_000)
    expect(back.received().filter((one) => one === 'are you there?')).toHaveLength(1)
    // A receipt that could not be read either has its own request, which may be answered later.
    await until(() => !back.flow().includes('awaited'), 'all answered')
  })

  test.each([1, 3])(
    'of the sender, after %i messages: what it writes is read once',
    async (count) => {
      const { relay, anna, bob } = await settledClients()
      anna.stop()
      const goBack = await snapshot(anna.database)
      const later = await anna.reloaded()
      for (let i = 0; i < count; i++) {
        await later.messenger.sendText(bob.chat, `before ${i}`)
        await until(() => bob.received().includes(`before ${i}`), 'read')
      }
      later.stop()
      await goBack()
      const back = new Client('anna', relay, {}, anna.database)
      await back.boot()
      await back.messenger.sendText(bob.chat, 'with a key used before')
      await until(() => bob.received().includes('with a key used before'), 'shown', 20_000)
      await calm(200)
      expect(bob.received().filter((one) => one.startsWith('with'))).toHaveLength(1)
      expect(bob.flow()).not.toContain('awaited')
    },
  )
})

test('two tabs that wrote with the same message key', async () => {
  const { relay, anna, bob } = await settledClients()
  anna.stop()
  const goBack = await snapshot(anna.database)
  const tab = await anna.reloaded()
  await tab.messenger.sendText(bob.chat, 'from one tab')
  await until(() => bob.received().includes('from one tab'), 'read')
  tab.stop()
  await goBack()
  const other = new Client('anna', relay, {}, anna.database)
  await other.boot()
  await other.messenger.sendText(bob.chat, 'from the other')
  await comesTo(bob, ['hello', 'from one tab', 'from the other'])
})

test('a message whose key was skipped so long ago that it is not kept', async () => {
  const skipped = { body: '' }
  const engine = beforeDecrypting(({ body }) => {
    if (String(body) === skipped.body) throw new CryptoError('too_far')
  })
  const { relay, anna, bob } = await settledClients({ engine })
  let late: IncomingEnvelope | null = null
  relay.onEnvelope = (one, to) => {
    if (late || to.name !== 'bob' || one.from.user_id !== anna.userId) return [one]
    late = one
    skipped.body = String(one.body)
    return []
  }
  for (const text of ['skipped', 'one', 'two']) await anna.messenger.sendText(bob.chat, text)
  await until(() => bob.received().includes('two'), 'read')
  expect(bob.flow()).toContain('gap')
  if (late) relay.deliver(relay.user('bob'), relay.device('bob'), late)
  await until(() => bob.received().includes('skipped'), 'shown', 20_000)
  expect(bob.received()).toEqual(['hello', 'one', 'two', 'skipped'])
  expect(bob.flow()).not.toContain('awaited')
})

describe('who gets what again', () => {
  test('nobody but the device that it was for: a stranger, and a contact who asks for another’s, get nothing', async () => {
    const { relay, anna, bob } = await settledClients({ engine: sayingFields })
    const carol = await Client.registered('carol', relay, { engine: sayingFields })
    await carol.messenger.addContactByCode(anna.code)
    await anna.messenger.addContactByCode(carol.code)
    const { id } = await anna.messenger.sendText(bob.chat, 'for Bob alone')
    await until(() => bob.received().includes('for Bob alone'), 'read')
    const envelopes = [id.slice(id.indexOf('.') + 1)]
    relay.sends.length = 0
    await carol.messenger.sendText(
      anna.chat,
      JSON.stringify({ type: 'retry', envelopes, reason: 'x', device: 1 }),
    )
    // She is answered that there is nothing.
    await until(() => relay.sends.some(({ from }) => from === 'anna'), 'answered')
    await calm(300)
    await carol.messenger.openConversation(anna.chat)
    expect(carol.received()).toEqual([])
    expect(relay.sends.filter(({ payload }) => payload.to === bob.userId)).toEqual([])
  })

  test('three times at most, and then nothing', async () => {
    const { relay, anna, bob } = await settledClients({ engine: sayingFields })
    const { id } = await anna.messenger.sendText(bob.chat, 'again and again')
    await until(() => bob.received().includes('again and again'), 'read')
    const envelopes = [id.slice(id.indexOf('.') + 1)]
    relay.sends.length = 0
    for (let i = 0; i < 5; i++) {
      const request = { type: 'retry', envelopes, reason: 'x', device: 1, n: i }
      await bob.messenger.sendText(anna.chat, JSON.stringify(request))
      await until(() => relay.sends.filter(({ from }) => from === 'anna').length > i, 'answered')
    }
    expect(bob.received().filter((one) => one === 'again and again')).toHaveLength(1)
    const db = await openDatabase(anna.database)
    expect(await db.count('sent')).toBeGreaterThan(0)
    db.close()
  })

  test('not what was deleted: the bubble says who can do what', async () => {
    const { relay, anna, bob } = await settledClients()
    const garbling = garble(relay, anna, bob)
    const { id } = await anna.messenger.sendText(bob.chat, 'regretted')
    await until(() => garbling.count === 1, 'garbled')
    await anna.messenger.deleteForMe(bob.chat, [id])
    garbling.on = false
    await until(() => bob.flow().includes('lost'), 'lost', 20_000)
    expect(bob.received()).toEqual(['hello'])
  })

  test('not under a key that the person has not decided about', async () => {
    const { relay, anna, bob } = await settledClients()
    await anna.messenger.sendText(bob.chat, 'to the old key')
    await until(() => bob.received().includes('to the old key'), 'read')
    bob.stop()
    const phone = await Client.anew('bob', relay)
    await phone.messenger.addContactByCode(anna.code)
    await phone.messenger.openConversation(anna.chat)
    await phone.messenger.sendText(anna.chat, 'my new phone')
    await until(() => anna.contact(bob)?.trust === 'changed', 'noticed')
    await anna.messenger.sendText(bob.chat, 'waits for the decision').catch(() => undefined)
    await calm(300)
    expect(phone.received()).toEqual([])
    await anna.messenger.acceptNewKey(bob.userId, anna.newKeyOf(bob))
    await until(() => phone.received().length > 0, 'sent')
    expect(phone.received()).toEqual(['waits for the decision'])
  })
})

test('a key that was accepted on one side only: what waited is read once, in its place', async () => {
  const { relay, anna, bob } = await settledClients()
  anna.stop()
  const phone = await Client.anew('anna', relay)
  await phone.messenger.addContactByCode(bob.code)
  await phone.messenger.openConversation(bob.chat)
  await phone.messenger.sendText(bob.chat, 'under the new key')
  await until(() => bob.contact(anna)?.trust === 'changed', 'noticed')
  await bob.messenger.acceptNewKey(anna.userId, bob.newKeyOf(anna))
  await bob.messenger.sendText(anna.chat, 'welcome back')
  await until(() => phone.received().includes('welcome back'), 'read', 20_000)
  await comesTo(bob, ['hello', 'under the new key'])
})
