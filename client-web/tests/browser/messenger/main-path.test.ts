import { describe, expect, test } from 'vitest'
import { RelayError } from '@/wire/errors'
import { acquaintedClients, Client, strangers, wireId } from '../../support/client'
import { hurry } from '../../support/hurry'
import { dump } from '../../support/storage'
import { openDatabase } from '@/storage/database'
import { conversationWith } from '@/messenger/contract'
import { sameBytes } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

describe('writing', () => {
  test('ticks go from accepted to delivered to read; the relay sees no text', async () => {
    const { relay, anna, bob } = await acquaintedClients(hurry(10))
    await until(() => anna.statuses().includes('delivered'), 'delivered')
    await bob.messenger.markRead(anna.chat)
    await until(() => anna.statuses().includes('read'), 'read', 15_000)
    const wire = JSON.stringify(relay.sends, (_key, value: unknown) =>
      value instanceof Uint8Array ? String.fromCharCode(...value) : value,
    )
    expect(wire).not.toContain('hello')
    const db = await openDatabase(bob.database)
    const disk = await dump(db)
    expect(disk).not.toContain('hello')
    // Nor do the keys tell whom Bob knows, or which of the messages that the relay saw lie here.
    for (const hidden of ['anna', anna.userId, bob.userId]) expect(disk).not.toContain(hidden)
    for (const { payload } of relay.sends) expect(disk).not.toContain(payload.id)
    db.close()
  })

  test('many messages both ways keep their order', async () => {
    const { anna, bob } = await acquaintedClients()
    const texts = Array.from({ length: 15 }, (_, i) => `m${i}`)
    await Promise.all([
      (async () => {
        for (const text of texts) await anna.messenger.sendText(bob.chat, text)
      })(),
      (async () => {
        for (const text of texts) await bob.messenger.sendText(anna.chat, text)
      })(),
    ])
    await until(() => bob.received().length === 16 && anna.received().length === 16, 'all')
    expect(bob.received()).toEqual(['hello', ...texts])
    expect(anna.received()).toEqual(['hello back', ...texts])
  })

  test('marking as read while more arrives forgets none of them', async () => {
    const { anna, bob } = await acquaintedClients(hurry(10))
    const show = bob.shown.message
    bob.shown.message = (message) => {
      show(message)
      void bob.messenger.markRead(anna.chat)
    }
    for (let i = 0; i < 12; i++) await anna.messenger.sendText(bob.chat, `burst ${i}`)
    await until(() => anna.statuses().every((status) => status === 'read'), 'all read', 20_000)
    expect(bob.shown.conversations.get(anna.chat)?.unread).toBe(0)
  })

  test('bad input is refused with its code', async () => {
    const { anna, bob } = await acquaintedClients()
    const { messenger } = anna
    await expect(messenger.sendText(bob.chat, '  ')).rejects.toMatchObject({ code: 'invalid' })
    await expect(messenger.sendText(bob.chat, 'x'.repeat(16_001))).rejects.toMatchObject({
      code: 'too_long',
    })
    await expect(messenger.sendText(bob.chat, '\u3164')).rejects.toMatchObject({
      code: 'invalid',
    })
    for (const text of ['\u0001'.repeat(16_000), '\uD800'.repeat(16_000)]) {
      await expect(messenger.sendText(bob.chat, text)).rejects.toMatchObject({
        code: 'unsendable_text',
      })
    }
    await expect(messenger.sendText(conversationWith('nobody'), 'x')).rejects.toMatchObject({
      code: 'not_found',
    })
    await expect(messenger.addContactByCode('nonsense')).rejects.toMatchObject({ code: 'bad_code' })
    await expect(messenger.addContactByCode(anna.code)).rejects.toMatchObject({ code: 'own_code' })
    await expect(messenger.addContactByCode('@bob#00000000')).rejects.toMatchObject({
      code: 'not_found',
    })
    await messenger.block(bob.userId)
    await expect(messenger.sendText(bob.chat, 'x')).rejects.toMatchObject({ code: 'blocked' })
  })
})

describe('an unknown outcome', () => {
  test('is resolved by the identical ciphertext under the same id, shown once', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    hurry(10)
    let lost = 3
    relay.sends.length = 0
    relay.afterSend = () => {
      if (lost-- > 0) throw new RelayError('no_answer')
    }
    const { id } = await anna.messenger.sendText(bob.chat, 'once')
    await until(() => anna.shown.link.waiting === 0, 'answered', 15_000)
    const mine = relay.sends.filter(({ payload }) => payload.id === wireId(id))
    expect(mine.length).toBeGreaterThanOrEqual(2)
    const [first, ...again] = mine.map(({ payload }) => payload)
    for (const payload of again) {
      expect(
        sameBytes(payload.envelopes[0]?.body as never, first?.envelopes[0]?.body as never),
      ).toBe(true)
    }
    await calm()
    expect(bob.received()).toEqual(['hello', 'once'])
  })

  test('survives a reload: the same bytes go out again', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    relay.afterSend = ({ to }) => {
      if (to === bob.userId) throw new RelayError('no_answer')
    }
    relay.sends.length = 0
    await anna.messenger.sendText(bob.chat, 'through the reload')
    await until(() => bob.received().length === 2, 'delivered though unanswered')
    const before = relay.sends.find(({ from }) => from === 'anna')?.payload
    relay.afterSend = () => undefined
    const again = await anna.reloaded()
    await again.messenger.openConversation(bob.chat)
    await until(() => again.shown.link.waiting === 0, 'answered after the reload')
    const after = relay.sends.findLast(
      ({ from, payload }) => from === 'anna' && payload.id === before?.id,
    )
    expect(
      sameBytes(after?.payload.envelopes[0]?.body as never, before?.envelopes[0]?.body as never),
    ).toBe(true)
    expect(bob.received()).toEqual(['hello', 'through the reload'])
  })
})

test('what came while away comes once, in order, after a reload in the middle', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  bob.stop()
  const texts = Array.from({ length: 40 }, (_, i) => `away ${i}`)
  for (const text of texts) await anna.messenger.sendText(bob.chat, text)
  await until(() => !anna.statuses().includes('waiting'), 'accepted', 15_000)
  const half = new Client('bob', relay, {}, bob.database)
  await half.boot()
  await calm(30)
  half.stop()
  const whole = new Client('bob', relay, {}, bob.database)
  await whole.boot()
  await until(() => relay.device('bob').mailbox.length === 0, 'all acknowledged')
  await whole.messenger.openConversation(anna.chat)
  expect(whole.received()).toEqual(['hello', ...texts])
  expect(whole.flow()).not.toContain('gap')
})

test('a limit is waited out, shown with its end, and not longer when the clock is set back', async () => {
  let back = 0
  const { relay, anna, bob } = await acquaintedClients({ now: () => Date.now() - back })
  let refused = false
  relay.beforeSend = ({ to }) => {
    if (to !== bob.userId || refused) return
    refused = true
    throw new RelayError('rate_limited', 'slow down', 700)
  }
  await anna.messenger.sendText(bob.chat, 'patience')
  await until(() => (anna.shown.link.sendLimitedUntil ?? 0) > 0, 'limit shown')
  back = 86_400_000
  await until(() => bob.received().includes('patience'), 'sent after the wait')
  await until(() => anna.shown.link.sendLimitedUntil === null, 'limit gone')
  expect(bob.received()).toEqual(['hello', 'patience'])
})

describe('requests', () => {
  test('threat 15: a stranger gets no receipt and no answer until accepted', async () => {
    const { relay, anna, bob } = await strangers()
    await anna.messenger.addContactByCode(bob.code)
    await anna.messenger.openConversation(bob.chat)
    await anna.messenger.sendText(bob.chat, 'who are you?')
    await until(() => bob.shown.waiting.length === 1, 'a request')
    expect(bob.shown.waiting[0]).toMatchObject({ username: 'anna', code: anna.code, count: 1 })
    expect(bob.shown.conversations.size).toBe(0)
    await calm(700)
    expect(relay.sends.filter(({ from }) => from === 'bob')).toEqual([])
    await bob.messenger.acceptRequest(anna.userId)
    await until(() => anna.statuses().includes('delivered'), 'delivered after accepting')
    expect(bob.shown.waiting).toEqual([])
  })

  test('declining takes it away; writing again asks again', async () => {
    const { anna, bob } = await strangers()
    await anna.messenger.addContactByCode(bob.code)
    await anna.messenger.sendText(bob.chat, 'one')
    await until(() => bob.shown.waiting.length === 1, 'a request')
    await bob.messenger.declineRequest(anna.userId)
    expect(bob.shown.waiting).toEqual([])
    await anna.messenger.sendText(bob.chat, 'two')
    await until(() => bob.shown.waiting[0]?.last.text === 'two', 'asked again')
  })
})
