/** What is said to be missing: messages, not receipts, and nothing that was never meant for this device. */
import { expect, test } from 'vitest'
import { Client, settledClients } from '../../support/client'
import { until } from '../../support/wait'

test('starting with new keys shows nothing false, though the contact goes on counting', async () => {
  const { relay, anna, bob } = await settledClients()
  for (const text of ['one', 'two', 'three']) await bob.messenger.sendText(anna.chat, text)
  await until(() => anna.received().includes('three'), 'received')
  anna.stop()
  const phone = await Client.anew('anna', relay)
  await phone.messenger.addContactByCode(bob.code)
  await phone.messenger.openConversation(bob.chat)
  await bob.messenger.addContactByQr(phone.qr)
  await bob.messenger.sendText(phone.chat, 'welcome back')
  await until(() => phone.received().includes('welcome back'), 'received')
  expect(phone.flow()).toEqual(['welcome back'])
})

test('a gap counts messages: a receipt that is lost is none', async () => {
  const { relay, anna, bob } = await settledClients()
  let lost = 0
  const lose = async (what: () => Promise<unknown>) => {
    relay.onEnvelope = (one, to) => {
      if (to.name !== 'bob') return [one]
      lost += 1
      return []
    }
    const before = lost
    await what()
    await until(() => lost > before, 'lost')
    relay.onEnvelope = (one) => [one]
  }
  await lose(() => bob.messenger.sendText(anna.chat, 'to be confirmed'))
  await anna.messenger.sendText(bob.chat, 'after a lost receipt')
  await until(() => bob.received().includes('after a lost receipt'), 'received')
  expect(bob.flow()).not.toContain('gap')
  await lose(() => anna.messenger.sendText(bob.chat, 'a lost text'))
  await anna.messenger.sendText(bob.chat, 'after it')
  await until(() => bob.received().includes('after it'), 'received')
  expect(bob.shown.messages.flatMap(({ notice }) => notice ?? [])).toEqual([
    { type: 'gap', count: 1 },
  ])
})
