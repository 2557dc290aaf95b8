/** A relay that repeats, drops and forges messages: what threats 6 and 14 come to in the real client. */
import { describe, expect, test, vi } from 'vitest'
import { concat, own, random } from '@/crypto/bytes'
import { parseRefKey } from '@/messenger/core/message-record'
import { openDatabase } from '@/storage/database'
import type { IncomingEnvelope } from '@/wire/types'
import { acquaintedClients, Client } from '../../support/client'
import { beforeDecrypting } from '../../support/engine'
import { withCounter } from '../../support/forged'
import { calm, until } from '../../support/wait'

describe('threat 6: replay, reorder, drop', () => {
  test('an envelope offered again, also after a reload, is shown once', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    relay.onEnvelope = (one, to) => (to.name === 'bob' ? [one, one] : [one])
    await anna.messenger.sendText(bob.chat, 'just once')
    await until(() => bob.eventTypes().includes('replay_refused'), 'refused')
    const recorded = relay.sends.findLast(({ from }) => from === 'anna')?.payload.envelopes[0]
    const again = await bob.reloaded()
    if (!recorded) throw new Error('nothing recorded')
    const from = { user_id: anna.userId, device_id: 1 }
    relay.deliver(relay.user('bob'), relay.device('bob'), {
      id: crypto.randomUUID(),
      from,
      kind: recorded.kind,
      body: recorded.body,
      at: 1,
    })
    await calm()
    await again.messenger.openConversation(anna.chat)
    expect(again.received()).toEqual(['hello', 'just once'])
  })

  test('a dropped message leaves a visible gap; reordered ones are all read', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const withheld: IncomingEnvelope[] = []
    relay.onEnvelope = (one, to) => {
      if (to.name !== 'bob' || one.from.user_id !== anna.userId) return [one]
      withheld.push(one)
      // The first is dropped, the next two change places.
      return withheld.length < 3 ? [] : withheld.length === 3 ? [one, withheld[1] as never] : [one]
    }
    for (const text of ['dropped', 'second', 'third', 'fourth']) {
      await anna.messenger.sendText(bob.chat, text)
    }
    await until(() => bob.received().includes('fourth'), 'the last')
    expect(bob.received()).toEqual(['hello', 'third', 'second', 'fourth'])
    const notices = bob.shown.messages.map((one) => one.notice)
    expect(notices).toContainEqual({ type: 'gap', count: 2 })
  })
})

describe('threat 6: a message that is made to look known', () => {
  test("another person's message under its id, which the relay saw, does not swallow it", async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const carol = await Client.registered('carol', relay)
    await carol.messenger.addContactByCode(bob.code)
    const withheld: Omit<IncomingEnvelope, 'seq'>[] = []
    relay.onEnvelope = (one, to) => {
      if (to.name !== 'bob' || one.from.user_id !== anna.userId) return [one]
      withheld.push(one)
      return []
    }
    const { id } = await anna.messenger.sendText(bob.chat, 'the real one')
    const sentAs = parseRefKey(id)?.id as ReturnType<Crypto['randomUUID']>
    await until(() => withheld.length === 1, 'withheld')
    const random = vi.spyOn(crypto, 'randomUUID').mockReturnValue(sentAs)
    const sent = carol.messenger.sendText(bob.chat, 'in the way')
    await sent
    random.mockRestore()
    await until(() => bob.shown.waiting.length === 1, 'the other one')
    relay.onEnvelope = (one) => [one]
    for (const one of withheld) relay.deliver(relay.user('bob'), relay.device('bob'), one)
    await until(() => bob.received().includes('the real one'), 'read')
    expect(bob.received()).toEqual(['hello', 'the real one'])
    expect(bob.shown.waiting).toMatchObject([{ username: 'carol', count: 1 }])
  })
})

describe('messages that cannot be read', () => {
  test('are fetched again in one renewed session, which makes the next one readable', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    relay.onEnvelope = (one, to) => {
      if (to.name !== 'bob' || one.from.user_id !== anna.userId) return [one]
      const body = own(one.body)
      body[body.length - 1] = (body[body.length - 1] as number) ^ 1
      return [{ ...one, body }]
    }
    await anna.messenger.sendText(bob.chat, 'garbled')
    await until(() => bob.flow().includes('session_renewed'), 'renewed')
    relay.onEnvelope = (one) => [one]
    await until(() => bob.received().includes('garbled'), 'fetched again')
    await anna.messenger.sendText(bob.chat, 'readable again')
    await until(() => bob.received().includes('readable again'), 'readable')
    await bob.messenger.sendText(anna.chat, 'and back')
    await until(() => anna.received().includes('and back'), 'back')
  })

  test('threat 14: forged floods cost a bounded budget and the client stays usable', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const from = { user_id: anna.userId, device_id: 1 }
    // Her receipt is through: everything that follows is forged.
    await until(() => bob.statuses()[0] === 'delivered', 'delivered')
    for (let i = 0; i < 120; i++) {
      const body = crypto.getRandomValues(new Uint8Array(300))
      body[0] = 0x33
      const id = crypto.randomUUID()
      relay.deliver(relay.user('bob'), relay.device('bob'), {
        id,
        from,
        kind: 'message',
        body,
        at: 1,
      })
    }
    const started = performance.now()
    await bob.messenger.saveDraft(anna.chat, 'still typing')
    expect(performance.now() - started).toBeLessThan(3_000)
    await until(() => relay.device('bob').mailbox.length === 0, 'all acknowledged', 20_000)
    // Every one leaves a trace in the log, also those of hers that came while the budget was spent; the conversation is
    // not buried under them.
    const logged = bob.eventTypes().filter((type) => type === 'undecryptable')
    expect(logged.length).toBeGreaterThanOrEqual(120)
    expect(bob.flow().filter((one) => one === 'awaited').length).toBeLessThanOrEqual(100)
    const missing = bob.shown.messages.filter(({ notice }) => notice?.type === 'gap')
    expect(missing.length).toBeLessThan(4)
    expect(
      bob.eventTypes().filter((type) => type === 'session_renewed').length,
    ).toBeLessThanOrEqual(1)
  })

  test('threat 14: forged counters on a known ratchet key are bounded; the page stays responsive', async () => {
    const forged = new Set<string>()
    let forgeries = 0
    const engine = beforeDecrypting(({ body }) => {
      if (forged.has(String(body))) forgeries += 1
    })
    const { relay, anna, bob } = await acquaintedClients({ engine })
    await until(() => bob.statuses()[0] === 'delivered', 'delivered')
    const genuine = relay.sends.findLast(({ from }) => from === 'anna')?.payload.envelopes[0]
    if (genuine?.kind !== 'message') throw new Error('no message on an answered session')
    const flood = (count: number): void => {
      for (let i = 0; i < count; i++) {
        // As many keys as a jump may cost, then more than any may.
        const body = withCounter(genuine.body, i < 15 ? 1_000 - i : 2 ** 30 + i)
        forged.add(String(body))
        const from = { user_id: anna.userId, device_id: 1 }
        const rest = { id: crypto.randomUUID(), kind: 'message' as const, at: 1 }
        relay.deliver(relay.user('bob'), relay.device('bob'), { ...rest, from, body })
      }
    }
    const pauses = watchPauses()
    flood(30)
    const started = performance.now()
    await bob.messenger.saveDraft(anna.chat, 'still typing')
    expect(performance.now() - started).toBeLessThan(3_000)
    await until(() => relay.device('bob').mailbox.length === 0, 'all acknowledged', 30_000)
    await anna.messenger.sendText(bob.chat, 'a real one')
    await until(() => bob.received().includes('a real one'), 'read in spite of them')

    flood(150)
    await until(() => relay.device('bob').mailbox.length === 0, 'all acknowledged', 30_000)
    expect(pauses.longest()).toBeLessThan(1_000)
    // Once the budget, and once more after the session was renewed.
    expect(forgeries).toBeLessThanOrEqual(101)
  })

  test('threat 14: forged device numbers have one budget together', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    await until(() => bob.statuses()[0] === 'delivered', 'delivered')
    relay.sends.length = 0
    for (let i = 0; i < 250; i++) {
      relay.deliver(relay.user('bob'), relay.device('bob'), {
        id: crypto.randomUUID(),
        from: { user_id: anna.userId, device_id: 100 + i },
        kind: 'message',
        body: concat(Uint8Array.of(0x33), random(200)),
        at: 1,
      })
    }
    await until(() => relay.device('bob').mailbox.length === 0, 'all acknowledged', 30_000)
    const notices = bob.shown.messages.flatMap((one) => one.notice ?? [])
    const unread = bob.flow().filter((one) => one === 'awaited' || one === 'lost').length
    const missing = notices.flatMap((one) => (one.type === 'gap' ? one.count : []))
    expect(unread).toBe(100)
    expect(missing).toEqual([150])
    // Nobody is greeted, for there is no such device.
    await calm()
    expect(bob.flow()).not.toContain('session_renewed')
    expect(relay.sends.filter(({ from }) => from === 'bob')).toEqual([])
    const db = await openDatabase(bob.database)
    expect(await db.count('counters')).toBeLessThan(110)
    db.close()
  })
})

/** How long the page was kept from doing anything else. */
function watchPauses(): { longest(): number } {
  let [longest, last] = [0, performance.now()]
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  return {
    longest() {
      clearInterval(timer)
      return longest
    },
  }
}
