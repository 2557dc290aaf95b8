/** What must hold when storing fails for a moment, and when the relay mixes its events. */
import { describe, expect, test } from 'vitest'
import { acquaintedClients, settledClients } from '../../support/client'
import { fillDisk } from '../../support/full-disk'
import { calm, until } from '../../support/wait'

test('a message that the full disk refused comes again over a new connection, once', async () => {
  const { relay, anna, bob } = await settledClients()
  await calm()
  // Anna's own writes come first; Bob's begin when the envelope has been handed to him.
  relay.onEnvelope = (one, to) => {
    if (to.name !== 'bob') return [one]
    relay.onEnvelope = (any) => [any]
    fillDisk(bob.database)
    return [one]
  }
  await anna.messenger.sendText(bob.chat, 'kept')
  await until(() => bob.received().includes('kept'), 'offered again')
  await until(() => bob.shown.link.state === 'online', 'connected again')
  expect(bob.received()).toEqual(['hello', 'kept'])
})

test('a message shown as typing is not swallowed: its mailbox copy is still read', async () => {
  const { relay, anna, bob } = await acquaintedClients()
  relay.onEnvelope = (one, to) => {
    if (to.name === 'bob') relay.device('bob').socket?.ephemeral(one.from, one.body)
    return [one]
  }
  await anna.messenger.sendText(bob.chat, 'not typing')
  await until(() => bob.received().includes('not typing'), 'read')
  expect(bob.eventTypes()).not.toContain('replay_refused')
})

describe('messages that expired before this device fetched them', () => {
  test('are told once, though the relay repeats itself, and what follows is read', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const device = relay.device('bob')
    device.head += 3
    for (let i = 0; i < 2; i++) device.socket?.expired(device.head, 3)
    await anna.messenger.sendText(bob.chat, 'after them')
    await until(() => bob.received().includes('after them'), 'after')
    const told = bob.shown.events.filter((event) => event.type === 'messages_expired')
    expect(told).toMatchObject([{ count: 3 }])
    expect(bob.shown.state.expired).toMatchObject({ count: 3 })
  })

  test('stand above the list until the person has taken note, over reloads; more are added', async () => {
    const { relay, bob } = await acquaintedClients()
    await until(() => relay.device('bob').mailbox.length === 0, 'all fetched')
    const device = relay.device('bob')
    device.head += 3
    device.socket?.expired(device.head, 3)
    await until(() => bob.shown.state.expired?.count === 3, 'shown')
    const again = await bob.reloaded()
    expect(again.shown.state.expired).toMatchObject({ count: 3 })
    await until(() => again.shown.link.state === 'online', 'connected')
    // The relay does not know that its first notice came: it counts those again.
    device.head += 2
    device.socket?.expired(device.head, 5)
    await until(() => again.shown.state.expired?.count === 5, 'added')
    await again.messenger.dismissExpired()
    expect(again.shown.state.expired).toBeNull()
    const later = await again.reloaded()
    expect(later.shown.state.expired).toBeNull()
    expect(later.eventTypes().filter((type) => type === 'messages_expired').length).toBe(2)
  })

  test('are not counted when they were on their way and came after all', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    relay.onEnvelope = (one, to) => {
      if (to.name === 'bob')
        queueMicrotask(() => relay.device('bob').socket?.expired(relay.device('bob').head, 1))
      return [one]
    }
    await anna.messenger.sendText(bob.chat, 'just in time')
    await until(() => bob.received().includes('just in time'), 'read')
    await calm()
    expect(bob.shown.state.expired).toBeNull()
  })
})
