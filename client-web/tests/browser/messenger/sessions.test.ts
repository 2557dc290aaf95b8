/** Which session a device writes in: never an old one that comes again, never one that nobody answers. */
import { expect, test } from 'vitest'
import { toBase64 } from '@/crypto/bytes'
import { RelayError } from '@/wire/errors'
import type { IncomingEnvelope } from '@/wire/types'
import { contacts, strangers } from '../../support/client'
import type { Client } from '../../support/client'
import { prekeyMessage } from '../../support/message-keys'
import { withoutKem } from '../../support/older-build'
import { TestRelay } from '../../support/test-relay'
import { until } from '../../support/wait'

const DAY = 86_400_000

/** Sends in a session begun anew: the relay says once that it knows the device under other keys. */
async function sendAnew(relay: TestRelay, from: Client, to: Client, text: string) {
  relay.beforeSend = (payload) => {
    if (payload.to !== to.userId) return
    relay.beforeSend = () => undefined
    throw new RelayError('device_mismatch', '', null, { missing: [], extra: [], stale: [1] })
  }
  await from.messenger.sendText(to.chat, text)
  await until(() => to.received().includes(text), text)
}

test.each([3, 4])(
  'version %i: a first message without one-time prekeys that comes again rolls nothing back',
  async (version) => {
    const given = new TestRelay()
    const options = version === 3 ? { wire: withoutKem(given) } : {}
    const { relay, anna, bob } = await contacts({ anna: options, bob: options }, given)
    relay.device('bob').prekeys.length = 0
    relay.device('bob').kemPrekeys.length = 0
    const recorded: IncomingEnvelope[] = []
    relay.onEnvelope = (one, to) => {
      if (to.name === 'bob') recorded.push(one)
      return [one]
    }
    await anna.messenger.sendText(bob.chat, 'the first')
    await until(() => bob.received().includes('the first'), 'read')
    // So many sessions later neither side has the first one any more.
    for (let i = 0; i < 6; i++) await sendAnew(relay, anna, bob, `anew ${i}`)
    const [first] = recorded
    if (!first) throw new Error('nothing recorded')
    expect(prekeyMessage(first.body)).toMatchObject({ prekeyId: null })
    expect((first.body[0] ?? 0) >> 4).toBe(version)
    relay.deliver(relay.user('bob'), relay.device('bob'), { ...first, id: crypto.randomUUID() })
    await until(() => bob.eventTypes().includes('replay_refused'), 'refused')
    await bob.messenger.sendText(anna.chat, 'in the newest session')
    await until(() => anna.received().includes('in the newest session'), 'read')
    expect(anna.flow()).not.toContain('awaited')
  },
)

test('a session that nobody answered for thirty days is not used', async () => {
  let now = Date.now()
  const { relay, anna, bob } = await strangers({ anna: { now: () => now } })
  await anna.messenger.addContactByCode(bob.code)
  await anna.messenger.openConversation(bob.chat)
  bob.stop()
  const sessionsUsed: string[] = []
  for (const days of [0, 29, 2, 1]) {
    now += days * DAY
    const before = anna.statuses().length
    await anna.messenger.sendText(bob.chat, `after ${days} days`)
    await until(() => anna.statuses()[before] === 'accepted', 'accepted')
    const body = relay.sends.at(-1)?.payload.envelopes[0]?.body
    if (body) sessionsUsed.push(toBase64(prekeyMessage(body).baseKey))
  }
  const [first, second, third, fourth] = sessionsUsed
  expect([second, fourth]).toEqual([first, third])
  expect(third).not.toBe(first)
})

test('a session begun while the clock was a year ahead grows old all the same', async () => {
  let now = Date.now() + 365 * DAY
  const { relay, anna, bob } = await strangers({ anna: { now: () => now } })
  await anna.messenger.addContactByCode(bob.code)
  await anna.messenger.openConversation(bob.chat)
  bob.stop()
  const sessionsUsed: string[] = []
  for (const days of [0, -365, 31]) {
    now += days * DAY
    const before = anna.statuses().length
    await anna.messenger.sendText(bob.chat, `after ${days} days`)
    await until(() => anna.statuses()[before] === 'accepted', 'accepted')
    const body = relay.sends.at(-1)?.payload.envelopes[0]?.body
    if (body) sessionsUsed.push(toBase64(prekeyMessage(body).baseKey))
  }
  const [ahead, right, later] = sessionsUsed
  expect(right).toBe(ahead)
  expect(later).not.toBe(ahead)
})
