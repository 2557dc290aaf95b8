/** Faults of our own while receiving: they pass, or are passed over visibly; nothing blocks the mailbox. */
import { describe, expect, test } from 'vitest'
import type { DecryptRequest } from '@/crypto/engine/engine'
import { CryptoError } from '@/crypto/errors'
import { openDatabase } from '@/storage/database'
import { Client, contacts, settledClients } from '../../support/client'
import { beforeDecrypting } from '../../support/engine'
import { fillDisk } from '../../support/full-disk'
import { calm, until } from '../../support/wait'

/** Two acquainted clients whose engines ask `decrypting` first; it may throw. */
async function setUp() {
  const step = { decrypting: (_request: DecryptRequest): void => undefined }
  const engine = beforeDecrypting((request) => step.decrypting(request))
  const { relay, anna, bob } = await settledClients({ engine })
  const emptied = () => until(() => relay.device('bob').mailbox.length === 0, 'acknowledged')
  return { relay, step, anna, bob, emptied }
}

/** The engine fails on the next envelope for `client`, as often as told. */
function failing(client: Client, times: number): (request: DecryptRequest) => void {
  let body: string | null = null
  let left = times
  return (request) => {
    if (request.remote.userId === client.userId) return
    body ??= String(request.body)
    if (String(request.body) === body && left-- > 0) throw new CryptoError('internal', 'a bug')
  }
}

describe('a fault of the engine', () => {
  test('that passes costs nothing: the message is read', async () => {
    const { step, anna, bob, emptied } = await setUp()
    step.decrypting = failing(bob, 1)
    await anna.messenger.sendText(bob.chat, 'after a hiccup')
    await until(() => bob.received().includes('after a hiccup'), 'read')
    await emptied()
    expect(bob.flow()).not.toContain('awaited')
  })

  test('that stays is shown, acknowledged, and what follows is read', async () => {
    const { step, anna, bob, emptied } = await setUp()
    step.decrypting = failing(bob, Infinity)
    await anna.messenger.sendText(bob.chat, 'poison')
    await anna.messenger.sendText(bob.chat, 'after it')
    await until(() => bob.received().includes('after it'), 'the next one')
    await emptied()
    // Its other ciphertext does not meet the fault.
    await until(() => bob.received().includes('poison'), 'fetched again')
    expect(bob.received().slice(-2)).toEqual(['poison', 'after it'])
    expect(bob.eventTypes()).toContain('undecryptable')
    expect(bob.shown.link.state).toBe('online')
  })
})

const damaged = (sealed: Uint8Array<ArrayBuffer>) => {
  const copy = sealed.slice()
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1
  return copy
}

test('a session record that does not open any more is replaced by a new session', async () => {
  const { relay, anna, bob } = await setUp()
  bob.stop()
  const db = await openDatabase(bob.database)
  for (const key of await db.getAllKeys('sessions')) {
    const sealed = await db.get('sessions', key)
    if (sealed) await db.put('sessions', damaged(sealed), key)
  }
  db.close()
  const again = new Client('bob', relay, {}, bob.database)
  await again.boot()
  await again.messenger.openConversation(anna.chat)
  relay.sends.length = 0
  await anna.messenger.sendText(bob.chat, 'unreadable')
  await until(() => again.flow().includes('session_renewed'), 'renewed')
  await until(() => again.received().includes('unreadable'), 'fetched again')
  await until(() => relay.sends.some(({ from }) => from === 'bob'), 'announced')
  await until(() => relay.device('anna').mailbox.length === 0, 'heard of')
  await anna.messenger.sendText(bob.chat, 'readable')
  await until(() => again.received().includes('readable'), 'read')
})

test('the app starts without a contact and a message that do not open, and says so once', async () => {
  const { relay, anna, bob } = await setUp()
  bob.stop()
  const db = await openDatabase(bob.database)
  for (const key of await db.getAllKeys('contacts')) {
    const sealed = await db.get('contacts', key)
    if (sealed) await db.put('contacts', damaged(sealed), key)
  }
  const [message] = (await db.getAllKeys('messages')) as [string, number][]
  const entry = message && (await db.get('messages', message))
  if (entry) await db.put('messages', { ...entry, data: damaged(entry.data) }, message)
  db.close()

  const again = new Client('bob', relay, {}, bob.database)
  await again.boot()
  expect(again.shown.state.phase).toBe('ready')
  const told = (client: Client): (number | null)[] =>
    client.shown.events.filter(({ type }) => type === 'records_damaged').map(({ count }) => count)
  expect(told(again)).toEqual([1])
  await anna.messenger.sendText(bob.chat, 'do you know me?')
  await until(
    () => again.shown.waiting.length === 1,
    'taken for a stranger: the pinned key is gone',
  )
  await again.messenger.acceptRequest(anna.userId)
  await again.messenger.openConversation(anna.chat)
  expect(again.received()).toEqual(['do you know me?'])
  expect(told(again)).toEqual([2, 1])

  let later = again
  for (let start = 0; start < 2; start++) {
    later = await later.reloaded()
    await later.messenger.openConversation(anna.chat)
  }
  expect(told(later), 'the contact is a new one by now').toEqual([1, 2, 1])
})

test('a full disk is no such fault: the message waits until there is room', async () => {
  const { relay, anna, bob, emptied } = await setUp()
  let disk = { refused: () => 0 }
  relay.onEnvelope = (one, to) => {
    if (to.name === 'bob') {
      relay.onEnvelope = (any) => [any]
      disk = fillDisk(bob.database, 5)
    }
    return [one]
  }
  await anna.messenger.sendText(bob.chat, 'patient')
  const impatience = setInterval(() => bob.messenger.reconnect(), 20)
  await until(() => bob.received().includes('patient'), 'stored').finally(() =>
    clearInterval(impatience),
  )
  expect(disk.refused()).toBe(5)
  await emptied()
  expect(bob.flow()).not.toContain('awaited')
})

const DAY = 86_400_000

describe('a clock that goes wrong', () => {
  async function withWrongClock() {
    const clock = { at: Date.now }
    return { clock, ...(await contacts({ anna: { now: () => clock.at() } })) }
  }

  test('a message from the future was sent when it came, and so was a receipt', async () => {
    const { clock, anna, bob } = await withWrongClock()
    await anna.messenger.sendText(bob.chat, 'in time')
    await until(() => bob.received().includes('in time'), 'received')
    clock.at = () => Date.now() + 20 * 365 * DAY
    await anna.messenger.sendText(bob.chat, 'from the future')
    await until(() => bob.received().includes('from the future'), 'received')
    expect(bob.shown.messages.at(-1)?.sentAt).toBeLessThanOrEqual(Date.now())
    await bob.messenger.sendText(anna.chat, 'to the future')
    await until(() => bob.statuses().includes('delivered'), 'delivered')
    expect(bob.shown.messages.at(-1)?.deliveredAt).toBeLessThanOrEqual(Date.now())
  })

  test('a sender days behind is dated by the relay, and their own claim is kept', async () => {
    const { clock, anna, bob } = await withWrongClock()
    const begun = Date.now()
    clock.at = () => Date.now() - 3 * DAY
    await anna.messenger.sendText(bob.chat, 'from Wednesday')
    await until(() => bob.received().includes('from Wednesday'), 'received')
    const [received] = bob.shown.messages
    expect(received?.sentAt).toBeGreaterThanOrEqual(begun)
    expect(received?.writtenAt).toBeLessThan(begun - 2 * DAY)
    // Their own device shows the same once the relay has taken it.
    await until(() => anna.statuses()[0] !== 'waiting', 'accepted')
    expect(anna.shown.messages[0]?.sentAt).toBe(received?.sentAt)
    // A receipt by that clock is no older than the message.
    await bob.messenger.sendText(anna.chat, 'answer')
    await until(() => bob.statuses().includes('delivered'), 'delivered')
    expect(bob.shown.messages.at(-1)?.deliveredAt).toBeGreaterThanOrEqual(begun)
  })

  test('a device a year ahead for an hour pins no chat to the top of its list', async () => {
    const { clock, anna, bob } = await withWrongClock()
    const active = () => anna.shown.conversations.get(bob.chat)?.activeAt ?? 0
    await anna.messenger.sendText(bob.chat, 'in time')
    await until(() => anna.statuses()[0] === 'delivered', 'delivered')
    clock.at = () => Date.now() + 365 * DAY
    await anna.messenger.sendText(bob.chat, 'a year early')
    await until(() => anna.statuses()[1] !== 'waiting', 'accepted')
    expect(active()).toBeLessThanOrEqual(Date.now())
    expect(anna.shown.messages[1]?.sentAt).toBeLessThanOrEqual(Date.now())
    await bob.messenger.sendText(anna.chat, 'received then')
    await until(() => anna.received().includes('received then'), 'received')
    expect(active()).toBeLessThanOrEqual(Date.now())
    const again = await anna.reloaded()
    expect(again.shown.conversations.get(bob.chat)?.activeAt).toBeLessThanOrEqual(Date.now())
  })

  test('a contact who was added by a clock a year ahead does not stay on top until then', async () => {
    const { clock, anna, bob } = await withWrongClock()
    const carol = await Client.registered('carol', anna.relay)
    clock.at = () => Date.now() + 365 * DAY
    await anna.messenger.addContactByCode(carol.code)
    clock.at = Date.now
    const again = await anna.reloaded()
    const active = (other: Client) => again.shown.conversations.get(other.chat)?.activeAt ?? 0
    await until(() => active(carol) <= Date.now(), 'brought back')
    await bob.messenger.sendText(anna.chat, 'newer')
    await until(() => active(bob) > active(carol), 'on top')
    const kept = active(carol)
    const later = await again.reloaded()
    expect(later.shown.conversations.get(carol.chat)?.activeAt).toBe(kept)
  })

  test('a time that no calendar has is not read, and what follows is', async () => {
    const { clock, anna, bob } = await withWrongClock()
    clock.at = () => 8.64e15 + 1
    await anna.messenger.sendText(bob.chat, 'out of time')
    clock.at = Date.now
    await until(() => bob.flow().includes('lost'), 'noticed')
    await anna.messenger.sendText(bob.chat, 'back in time')
    await until(() => bob.received().includes('back in time'), 'read')
    expect(bob.received()).toEqual(['back in time'])
  })
})

describe('messages held for a new key', () => {
  test('are opened after it was accepted, also when the app ended in between', async () => {
    const { relay, step, anna, bob } = await setUp()
    anna.stop()
    const phone = await Client.anew('anna', relay)
    await phone.messenger.addContactByCode(bob.code)
    for (const text of ['one', 'two']) await phone.messenger.sendText(bob.chat, text)
    await until(() => bob.contact(phone)?.trust === 'changed', 'a warning')
    const sent = () => phone.shown.messages.filter(({ status }) => status !== 'waiting').length
    await phone.messenger.openConversation(bob.chat)
    await until(() => sent() === 2 && relay.device('bob').mailbox.length === 0, 'both held')
    // The page ends while the first of them is being opened.
    step.decrypting = () => {
      bob.stop()
      throw new CryptoError('internal', 'the page ended')
    }
    await bob.messenger.acceptNewKey(phone.userId, bob.newKeyOf(phone)).catch(() => undefined)
    const again = new Client('bob', relay, {}, bob.database)
    await again.boot()
    await again.messenger.openConversation(phone.chat)
    await until(() => again.received().includes('two'), 'opened')
    const told = [...again.flow(), ...again.eventTypes()].join(' ')
    expect(again.received(), told).toEqual(['hello', 'one', 'two'])
    const once = await again.reloaded()
    await once.messenger.openConversation(phone.chat)
    await calm(200)
    expect(once.received()).toEqual(['hello', 'one', 'two'])
  })

  test('come before what is written later, also when opening them fails at first', async () => {
    const { relay, step, anna, bob } = await setUp()
    anna.stop()
    const phone = await Client.anew('anna', relay)
    await phone.messenger.addContactByCode(bob.code)
    await phone.messenger.sendText(bob.chat, 'one')
    await until(() => bob.contact(phone)?.trust === 'changed', 'a warning')
    step.decrypting = () => {
      bob.stop()
      throw new CryptoError('internal', 'the page ended')
    }
    await bob.messenger.acceptNewKey(phone.userId, bob.newKeyOf(phone)).catch(() => undefined)
    await phone.messenger.sendText(bob.chat, 'two')
    await until(() => relay.device('bob').mailbox.length === 1, 'the next one waits')
    let failures = 2
    const engine = beforeDecrypting(() => {
      if (failures-- > 0) throw new CryptoError('internal', 'a hiccup of a second')
    })
    const again = new Client('bob', relay, { engine }, bob.database)
    await again.boot()
    await again.messenger.openConversation(phone.chat)
    await until(() => again.received().includes('two'), 'both')
    expect(again.received()).toEqual(['hello', 'one', 'two'])
    expect(again.flow()).not.toContain('gap')
  })
})

describe('threat 14: signs that cannot be read', () => {
  test('cost a budget of their own; messages of the same sender are still read', async () => {
    const { relay, step, anna, bob } = await setUp()
    const from = { user_id: anna.userId, device_id: 1 }
    let tried = 0
    step.decrypting = ({ remote }) => {
      if (remote.userId === anna.userId) tried += 1
    }
    for (let i = 0; i < 200; i++) {
      const body = crypto.getRandomValues(new Uint8Array(300))
      body[0] = 0x33
      relay.device('bob').socket?.ephemeral(from, body)
    }
    await anna.messenger.sendText(bob.chat, 'a real message')
    await until(() => bob.received().includes('a real message'), 'read')
    expect(tried).toBeLessThanOrEqual(25)
    expect(bob.flow()).not.toContain('awaited')
  })
})
