/** A relay that hands out old prekeys or adds devices: what threats 5 and 7 come to in the real client. */
import { describe, expect, test } from 'vitest'
import type { SealedEngine } from '@/crypto/engine/engine'
import { CryptoError } from '@/crypto/errors'
import { clocksAgree } from '@/platform/clock'
import { RelayError } from '@/wire/errors'
import { strangers } from '../../support/client'
import type { Client } from '../../support/client'
import { attackersDevice } from '../../support/forged'
import { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

/** Anna has added Bob, whose clock may stand elsewhere, and looks at the chat. */
async function setUp(options: Parameters<typeof strangers>[0] = {}) {
  const { relay, anna, bob } = await strangers(options)
  await anna.messenger.addContactByCode(bob.code)
  await anna.messenger.openConversation(bob.chat)
  return { relay, anna, bob }
}

/** Sends, and has the relay say once that it knows the device under other keys: they are asked for. */
async function sendAskingAgain(relay: TestRelay, from: Client, to: Client, text: string) {
  relay.beforeSend = (payload) => {
    if (payload.to !== to.userId) return
    relay.beforeSend = () => undefined
    throw new RelayError('device_mismatch', '', null, { missing: [], extra: [], stale: [1] })
  }
  await from.messenger.sendText(to.chat, text)
  await until(() => !from.statuses().includes('waiting'), 'accepted')
}

const told = (client: Client, type: 'device_refused' | 'stale_prekey') => ({
  chat: client.shown.messages.flatMap(({ notice }) => (notice?.type === type ? notice : [])),
  log: client.shown.events.filter((event) => event.type === type).map(({ device }) => device),
})

describe('threat 5: stale prekeys', () => {
  const DAYS = 86_400_000

  test('one of sixty days ago is told, once; without one-time prekeys it still works', async () => {
    const past = Date.now() - 60 * DAYS
    const { relay, anna, bob } = await setUp({ bob: { now: () => past } })
    relay.device('bob').prekeys.length = 0
    await anna.messenger.sendText(bob.chat, 'anyone there?')
    await until(() => bob.shown.waiting.length === 1, 'delivered')
    const once = { chat: [{ type: 'stale_prekey', ageDays: 60 }], log: [1] }
    expect(told(anna, 'stale_prekey')).toEqual(once)

    await sendAskingAgain(relay, anna, bob, 'still there?')
    expect(told(anna, 'stale_prekey')).toEqual(once)
    const again = await anna.reloaded()
    await again.messenger.openConversation(bob.chat)
    await sendAskingAgain(relay, again, bob, 'and now?')
    expect(told(again, 'stale_prekey')).toEqual(once)
  })

  test('a device whose clock is a month ahead calls no key old, and learns that its clock is wrong', async () => {
    const clock = { ahead: 31 * DAYS }
    const { anna, bob } = await setUp({ anna: { now: () => Date.now() + clock.ahead } })
    await anna.messenger.sendText(bob.chat, 'anyone there?')
    await until(() => bob.shown.waiting.length === 1, 'delivered')
    expect(told(anna, 'stale_prekey')).toEqual({ chat: [], log: [] })
    const relayTime = (anna.shown.link.relayClock ?? 0) + performance.now()
    expect(clocksAgree(relayTime, Date.now())).toBe(true)
  })

  test('an old one that came while the clocks differed is told when they agree', async () => {
    const past = Date.now() - 60 * DAYS
    const clock = { ahead: 31 * DAYS }
    const { relay, anna, bob } = await setUp({
      anna: { now: () => Date.now() + clock.ahead },
      bob: { now: () => past },
    })
    await anna.messenger.sendText(bob.chat, 'anyone there?')
    await until(() => bob.shown.waiting.length === 1, 'delivered')
    expect(told(anna, 'stale_prekey')).toEqual({ chat: [], log: [] })
    clock.ahead = 0
    await sendAskingAgain(relay, anna, bob, 'still there?')
    expect(told(anna, 'stale_prekey')).toEqual({
      chat: [{ type: 'stale_prekey', ageDays: 60 }],
      log: [1],
    })
  })

  test('one of last week is not', async () => {
    const { anna, bob } = await setUp({ bob: { now: () => Date.now() - 7 * DAYS } })
    await anna.messenger.sendText(bob.chat, 'anyone there?')
    await until(() => bob.shown.waiting.length === 1, 'delivered')
    expect(told(anna, 'stale_prekey')).toEqual({ chat: [], log: [] })
  })
})

describe('threat 7: a device added silently', () => {
  /** The relay puts devices of its own beside Bob's. */
  async function inject(relay: TestRelay, ...ids: number[]): Promise<void> {
    const { device } = await attackersDevice(0)
    relay.onAnswer = (path, answer) =>
      path.includes('/bundles/')
        ? {
            ...answer,
            devices: [
              ...(answer['devices'] as []),
              ...ids.map((id) => ({ ...device, device_id: id })),
            ],
          }
        : answer
  }

  test('is refused and told, once; the real devices get their message', async () => {
    const { relay, anna, bob } = await setUp()
    // The same number twice is one device.
    await inject(relay, 2, 2)
    await anna.messenger.sendText(bob.chat, 'for Bob only')
    await until(() => bob.shown.waiting.length === 1, 'delivered')
    const once = { chat: [{ type: 'device_refused', device: 2 }], log: [2] }
    expect(told(anna, 'device_refused')).toEqual(once)

    await sendAskingAgain(relay, anna, bob, 'again for Bob only')
    const again = await anna.reloaded()
    await again.messenger.openConversation(bob.chat)
    await sendAskingAgain(relay, again, bob, 'and again')
    expect(told(again, 'device_refused')).toEqual(once)
    await inject(relay, 2, 3)
    await sendAskingAgain(relay, again, bob, 'and once more')
    expect(told(again, 'device_refused').log).toEqual([3, 2])

    await until(() => bob.shown.waiting[0]?.count === 4, 'all delivered')
    const devices = relay.sends.flatMap(({ payload }) =>
      payload.envelopes.map((one) => one.device_id),
    )
    expect(new Set(devices)).toEqual(new Set([1]))
  })

  test('ever new ones do not bury the chat', async () => {
    const { relay, anna, bob } = await setUp()
    await inject(relay, ...Array.from({ length: 40 }, (_, i) => i + 2))
    await anna.messenger.sendText(bob.chat, 'for Bob only')
    await until(() => bob.shown.waiting.length === 1, 'delivered')
    expect(told(anna, 'device_refused').chat.length).toBe(10)
    expect(told(anna, 'device_refused').log.length).toBe(10)
  })

  test('a broken engine is no foreign device', async () => {
    let broken = true
    const engine = (real: SealedEngine): SealedEngine => ({
      ...real,
      startSession: (request) =>
        broken ? Promise.reject(new CryptoError('internal')) : real.startSession(request),
    })
    const { anna, bob } = await setUp({ anna: { engine } })
    await anna.messenger.sendText(bob.chat, 'patience')
    await calm(300)
    broken = false
    await until(() => bob.shown.waiting.length === 1, 'delivered')
    expect(told(anna, 'device_refused')).toEqual({ chat: [], log: [] })
  })
})
