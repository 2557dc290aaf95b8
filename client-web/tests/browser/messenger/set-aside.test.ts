/** Messages that cannot leave: they are set aside with words, and the chat goes on. */
import { expect, test } from 'vitest'
import { CryptoError } from '@/crypto/errors'
import type { SealedEngine } from '@/crypto/engine/engine'
import { RelayError } from '@/wire/errors'
import { Client, settledClients } from '../../support/client'
import { hurry } from '../../support/hurry'
import { calm, until } from '../../support/wait'

const aside = (client: Client) =>
  client.shown.messages.filter(({ problem }) => problem === 'set_aside')

test('an entry that fails three times is set aside, what follows is sent; then it is sent again', async () => {
  const { now } = hurry(10)
  let broken = true
  const engine = (real: SealedEngine): SealedEngine => ({
    ...real,
    encrypt: async (request) => {
      const poison = new TextDecoder().decode(request.plaintext).includes('poison')
      if (broken && poison) throw new CryptoError('internal', 'a bug')
      return real.encrypt(request)
    },
  })
  const { anna, bob } = await settledClients({ engine, now })
  await anna.messenger.sendText(bob.chat, 'poison')
  await anna.messenger.sendText(bob.chat, 'after it')
  await until(() => bob.received().includes('after it'), 'the chat goes on')
  expect(aside(anna).map(({ text }) => text)).toEqual(['poison'])
  expect(anna.shown.link.waiting).toBe(0)
  broken = false
  await anna.messenger.sendAgain(aside(anna)[0]?.id ?? '')
  await until(() => bob.received().includes('poison'), 'sent again')
  await until(() => !anna.statuses().includes('waiting'), 'accepted')
  expect(aside(anna)).toEqual([])
})

test('a relay that never agrees: the message ends in a state of its own, not in silence', async () => {
  const { now } = hurry(20)
  const { relay, anna, bob } = await settledClients({ now })
  const carol = await Client.registered('carol', relay, { now })
  await anna.messenger.addContactByCode(carol.code)
  relay.sends.length = 0
  relay.beforeSend = ({ to }) => {
    if (to !== bob.userId) return
    throw new RelayError('device_mismatch', '', null, { missing: [], extra: [], stale: [1] })
  }
  const toBob = () => relay.sends.filter(({ payload }) => payload.to === bob.userId).length
  await anna.messenger.sendText(bob.chat, 'to nowhere')
  // What is counted for one recipient costs no other anything.
  await anna.messenger.sendText(carol.chat, 'hello carol')
  await until(() => carol.shown.waiting.length === 1, 'carol has hers')
  await until(() => aside(anna).length === 1, 'set aside', 20_000)
  expect(toBob()).toBeLessThanOrEqual(9)

  const again = await anna.reloaded()
  await again.messenger.openConversation(bob.chat)
  const before = toBob()
  await until(() => again.shown.link.state === 'online', 'online')
  await calm(100)
  expect(toBob()).toBe(before)
  expect(aside(again).length).toBe(1)
  relay.beforeSend = () => undefined
  await again.messenger.sendAgain(aside(again)[0]?.id ?? '')
  await until(() => bob.received().includes('to nowhere'), 'sent again')
})

test('one that was set aside can be deleted, and is sent no more', async () => {
  const { now } = hurry(20)
  const { relay, anna, bob } = await settledClients({ now })
  relay.beforeSend = ({ to }) => {
    if (to !== bob.userId) return
    throw new RelayError('device_mismatch', '', null, { missing: [], extra: [], stale: [1] })
  }
  await anna.messenger.sendText(bob.chat, 'never mind')
  await until(() => aside(anna).length === 1, 'set aside', 20_000)
  await anna.messenger.deleteForMe(bob.chat, [aside(anna)[0]?.id ?? ''])
  relay.beforeSend = () => undefined
  const again = await anna.reloaded()
  await again.messenger.sendText(bob.chat, 'something else')
  await until(() => bob.received().includes('something else'), 'sent')
  expect(bob.received()).not.toContain('never mind')
})
