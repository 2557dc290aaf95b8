/** What the person decides about keys: it holds for the key that was shown, and for good. */
import { describe, expect, test } from 'vitest'
import type { IncomingEnvelope } from '@/wire/types'
import { acquaintedClients, Client, strangers } from '../../support/client'
import { forgedFor } from '../../support/forged'
import { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

async function setUp() {
  const { relay, anna, bob } = await acquaintedClients()
  const from = { user_id: anna.userId, device_id: 1 }
  /** The relay shows Bob a key of its own making as Anna's; resolves with the key. */
  const pretend = async (): Promise<string> => {
    const before = bob.newKeyOf(anna)
    const forged = await forgedFor(relay, 'bob')
    relay.deliver(relay.user('bob'), relay.device('bob'), { ...forged, from })
    await until(() => bob.newKeyOf(anna) !== before, 'another key')
    return bob.newKeyOf(anna)
  }
  return { relay, anna, bob, pretend }
}

/** Anna has a new phone and writes from it; Bob is warned. */
async function withNewPhone() {
  const { relay, anna, bob, pretend } = await setUp()
  anna.stop()
  const phone = await Client.anew('anna', relay)
  await phone.messenger.addContactByCode(bob.code)
  return { relay, bob, phone, pretend }
}

describe('a decision is about the key that was shown', () => {
  test('one that came while the person looked is neither accepted nor verified', async () => {
    const { anna, bob, pretend } = await setUp()
    const { identity: pinned = '' } = bob.contact(anna) ?? {}
    const shown = await pretend()
    const swapped = await pretend()
    expect(swapped).not.toBe(shown)
    const outdated = { code: 'key_outdated', details: { fingerprint: swapped.slice(-8) } }
    const { messenger } = bob
    await expect(messenger.acceptNewKey(anna.userId, shown)).rejects.toMatchObject(outdated)
    await expect(messenger.markVerified(anna.userId, shown)).rejects.toMatchObject(outdated)
    // The number of the pinned key was on screen when the new key came.
    await expect(messenger.markVerified(anna.userId, pinned)).rejects.toMatchObject(outdated)
    expect(bob.contact(anna)).toMatchObject({ identity: pinned, trust: 'changed' })
    await messenger.acceptNewKey(anna.userId, swapped)
    expect(bob.contact(anna)).toMatchObject({ identity: swapped, trust: 'unverified' })
  })

  test('a number compared before the pinned key was replaced verifies nothing', async () => {
    const { anna, bob, pretend } = await setUp()
    const before = await bob.messenger.safetyNumber(anna.userId)
    const other = await pretend()
    await bob.messenger.acceptNewKey(anna.userId, other)
    await expect(bob.messenger.markVerified(anna.userId, before.identity)).rejects.toMatchObject({
      code: 'key_outdated',
    })
    expect(bob.contact(anna)?.trust).toBe('unverified')
  })
})

describe('a new key whose number was compared', () => {
  test('is pinned and verified at once, and what was held for it is read', async () => {
    const { bob, phone } = await withNewPhone()
    await phone.messenger.sendText(bob.chat, 'my new phone')
    await until(() => bob.contact(phone)?.trust === 'changed', 'a warning')
    const number = await bob.messenger.safetyNumber(phone.userId)
    expect(number.identity).toBe(phone.shown.state.account?.identity)
    expect(number.groups).toEqual((await phone.messenger.safetyNumber(bob.userId)).groups)
    await bob.messenger.markVerified(phone.userId, number.identity)
    expect(bob.contact(phone)).toMatchObject({ identity: number.identity, trust: 'verified' })
    await until(() => bob.received().includes('my new phone'), 'read')
    expect(bob.flow().filter((one) => one === 'identity_accepted' || one === 'verified')).toEqual([
      'identity_accepted',
      'verified',
    ])
    const again = await bob.reloaded()
    expect(again.contact(phone)?.trust).toBe('verified')
  })

  test('by camera, too', async () => {
    const { bob, phone } = await withNewPhone()
    await phone.messenger.sendText(bob.chat, 'my new phone')
    await until(() => bob.contact(phone)?.trust === 'changed', 'a warning')
    const { qr } = await phone.messenger.safetyNumber(bob.userId)
    await bob.messenger.compareSafetyQr(phone.userId, qr)
    expect(bob.contact(phone)?.trust).toBe('verified')
  })

  test('has what was held read once, though two decisions cross', async () => {
    const { bob, phone } = await withNewPhone()
    for (const text of ['one', 'two', 'three']) await phone.messenger.sendText(bob.chat, text)
    await until(() => bob.contact(phone)?.trust === 'changed', 'a warning')
    await until(() => !phone.shown.link.waiting, 'all sent')
    const shown = bob.newKeyOf(phone)
    await Promise.all([
      bob.messenger.acceptNewKey(phone.userId, shown),
      bob.messenger.markVerified(phone.userId, shown),
    ])
    expect(bob.received()).toEqual(['hello', 'one', 'two', 'three'])
    expect(bob.eventTypes()).not.toContain('replay_refused')
    expect(bob.contact(phone)?.trust).toBe('verified')
  })

  test('what came under yet another key is not read, and does not warn again', async () => {
    const { bob, phone, pretend } = await withNewPhone()
    await pretend()
    await phone.messenger.sendText(bob.chat, 'the real one')
    const identity = phone.shown.state.account?.identity ?? ''
    await until(() => bob.newKeyOf(phone) === identity, 'a second warning')
    await bob.messenger.acceptNewKey(phone.userId, identity)
    await until(() => bob.received().includes('the real one'), 'read')
    expect(bob.contact(phone)?.trust).toBe('unverified')
    expect(bob.received()).toEqual(['hello', 'the real one'])
  })
})

describe('a scan that confirms the pinned key', () => {
  test('refuses the other one for good, also after a restart', async () => {
    const { relay, anna, bob, pretend } = await setUp()
    await pretend()
    await bob.messenger.addContactByQr(anna.qr)
    expect(bob.contact(anna)?.trust).toBe('verified')
    expect(bob.eventTypes()).toContain('identity_refused')
    const again = await bob.reloaded()
    await again.messenger.openConversation(anna.chat)
    relay.sends.length = 0
    await again.messenger.sendText(anna.chat, 'still you')
    await until(() => anna.received().includes('still you'), 'sent')
    await calm(200)
    expect(again.contact(anna)?.trust).toBe('verified')
    expect(again.flow().filter((one) => one === 'identity_changed')).toHaveLength(1)
  })
})

test('the page goes on while a safety number is worked out', async () => {
  const { anna, bob } = await setUp()
  let turns = 0
  const timer = setInterval(() => (turns += 1), 1)
  await bob.messenger.safetyNumber(anna.userId)
  clearInterval(timer)
  // On the page's own thread there would be no turn at all in that time.
  expect(turns).toBeGreaterThan(5)
})

test('typing and sending do not wait for a safety number', async () => {
  let asked = 0
  let answer: () => void = () => undefined
  const waiting = new Promise<void>((done) => {
    answer = done
  })
  const { anna, bob } = await acquaintedClients({
    engine: (real) => ({
      ...real,
      safetyNumber: async (...parties) => {
        asked += 1
        await waiting
        return real.safetyNumber(...parties)
      },
    }),
  })
  const number = bob.messenger.safetyNumber(anna.userId)
  await until(() => asked === 1, 'asked')
  await bob.messenger.saveDraft(anna.chat, 'meanwhile')
  await bob.messenger.sendText(anna.chat, 'meanwhile')
  await until(() => anna.received().includes('meanwhile'), 'sent')
  answer()
  expect((await number).groups.join('')).toMatch(/^\d{60}$/)
})

describe('private halves of prekeys', () => {
  const DAY = 86_400_000

  /**
   * A message to Anna under a one-time prekey lies at the relay; her device has noted that the prekey is gone.
   * Resolves to whether she reads the message after days on both clocks.
   */
  async function readAfter(days: { hers: number; relays: number }): Promise<boolean> {
    let [hers, relays, looks] = [0, 0, 0]
    const relay = new TestRelay()
    /** After the keys a device looks at the log-ins. */
    const wire = relay.wire(async ({ method, path }) => {
      if (method === 'GET' && path.endsWith('/sessions')) looks += 1
    })
    const options = { now: () => Date.now() + hers * DAY, wire }
    const { anna, bob } = await strangers({ anna: options }, relay)
    const cara = await Client.registered('cara', relay)
    for (const other of [bob, cara]) {
      await anna.messenger.addContactByCode(other.code)
      await other.messenger.addContactByCode(anna.code)
    }
    const late: IncomingEnvelope[] = []
    relay.onEnvelope = (one) => {
      late.push(one)
      return []
    }
    await bob.messenger.sendText(anna.chat, 'on its way')
    await until(() => late.length > 0, 'sent')
    relay.onEnvelope = (one) => [{ ...one, at: one.at + relays * DAY }]

    const last = (of: Client) => anna.shown.conversations.get(of.chat)?.last?.text
    /** Anna's device looks after its keys; then it gets what somebody else writes. */
    const lookAgain = async (text: string) => {
      const before = looks
      relay.drop('anna')
      anna.messenger.reconnect()
      await until(() => looks > before && anna.shown.link.state === 'online', 'looked after')
      await cara.messenger.sendText(anna.chat, text)
      await until(() => last(cara) === text, text)
    }
    await lookAgain('one')
    hers = days.hers
    relays = days.relays
    await lookAgain('two')
    await lookAgain('three')
    const [first] = late
    if (first) relay.deliver(relay.user('anna'), relay.device('anna'), first)
    await until(() => last(bob) !== undefined, 'arrived')
    return last(bob) === 'on its way'
  }

  test('stay when the device’s clock jumps ahead: what is on its way is read', async () => {
    expect(await readAfter({ hers: 100, relays: 0 })).toBe(true)
  })

  test('stay when the relay’s clock does', async () => {
    expect(await readAfter({ hers: 0, relays: 100 })).toBe(true)
  })

  test('go when both say that the time is over', async () => {
    expect(await readAfter({ hers: 100, relays: 100 })).toBe(false)
  })
})
