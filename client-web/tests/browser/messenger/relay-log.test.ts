/** A relay that was restored: its numbers begin below what this device has seen. */
import { expect, test } from 'vitest'
import { acquaintedClients, Client } from '../../support/client'
import { TestRelay } from '../../support/test-relay'
import type { TestDevice } from '../../support/test-relay-users'
import { until } from '../../support/wait'
import { RelayError } from '@/wire/errors'
import type { IncomingEnvelope } from '@/wire/types'
import type { SocketHandlers } from '@/wire/socket'
import type { Wire } from '@/wire/wire'

/** Names its log, and refuses an acknowledgement beyond the head, as the real one does. */
class NamedRelay extends TestRelay {
  log: string | null = crypto.randomUUID()

  override wire(): Wire {
    const plain = super.wire()
    const connect = (token: string, on: SocketHandlers) => {
      const socket = plain.connect(token, { ...on, opened: () => on.opened(this.log) })
      const [userId = '', device = ''] = token.split('/')
      const ack = async (upto: number) => {
        const head = this.users.get(userId)?.devices.get(Number(device))?.head ?? 0
        if (upto > head) throw new RelayError('invalid')
        return socket.ack(upto)
      }
      return { ...socket, ack }
    }
    return { ...plain, connect }
  }
}

/** Bob's mailbox as an older copy has it: `owed` waits, under the numbers behind `head`. */
function restored(device: TestDevice, head: number, owed: readonly IncomingEnvelope[]): void {
  device.mailbox = owed.map((one, place) => ({ ...one, seq: head + place + 1 }))
  device.head = head + owed.length
}

/** Two who have written to each other often enough that there are numbers to fall behind. */
async function written(relay: TestRelay) {
  const passed: IncomingEnvelope[] = []
  const { anna, bob } = await acquaintedClients({}, relay)
  relay.onEnvelope = (one, to) => {
    if (to.name === 'bob') passed.push(one)
    return [one]
  }
  for (const text of ['one', 'two', 'three']) {
    await anna.messenger.sendText(bob.chat, text)
    await until(() => bob.received().includes(text), text)
  }
  return { relay, anna, bob, passed }
}

const online = (client: Client): boolean => client.shown.link.state === 'online'
const told = (client: Client): number =>
  client.eventTypes().filter((type) => type === 'relay_log_changed').length

test('under another log new messages come whatever their numbers, and those that are here do not come twice', async () => {
  const relay = new NamedRelay()
  const { anna, bob, passed } = await written(relay)
  bob.stop()
  relay.log = crypto.randomUUID()
  const owed = [...passed]
  restored(relay.device('bob'), 1, owed)
  await anna.messenger.sendText(bob.chat, 'after the restore')
  await until(() => relay.device('bob').mailbox.length > owed.length, 'accepted')

  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  await until(() => again.received().includes('after the restore'), 'after the restore')
  await until(() => relay.device('bob').mailbox.length === 0, 'everything is acknowledged')
  expect(again.received()).toEqual(['hello', 'one', 'two', 'three', 'after the restore'])
  expect(again.flow()).not.toContain('awaited')
  expect(told(again)).toBe(1)
  expect(again.eventTypes()).not.toContain('replay_refused')

  await anna.messenger.sendText(bob.chat, 'and on')
  await until(() => again.received().includes('and on'), 'and on')
  const later = await again.reloaded()
  await until(() => online(later), 'online')
  expect(told(later)).toBe(1)
})

test('a relay that has fewer numbers than this device, and names no log, loses nothing either', async () => {
  const unnamed = new NamedRelay()
  unnamed.log = null
  const { relay, anna, bob } = await written(unnamed)
  bob.stop()
  restored(relay.device('bob'), 0, [])
  await anna.messenger.sendText(bob.chat, 'under an old number')
  await until(() => relay.device('bob').head === 1, 'accepted')
  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  await until(() => again.received().includes('under an old number'), 'under an old number')
  await until(() => relay.device('bob').mailbox.length === 0, 'acknowledged')
  expect(told(again)).toBe(1)
})

test('the first log that is ever named changes nothing', async () => {
  const relay = new NamedRelay()
  relay.log = null
  const { bob } = await written(relay)
  relay.log = crypto.randomUUID()
  const again = await bob.reloaded()
  await until(() => online(again), 'online')
  expect(told(again)).toBe(0)
})

test('an older copy that has given the numbers out again before this device is back loses nothing', async () => {
  const { relay, anna, bob } = await written(new NamedRelay())
  bob.stop()
  const head = relay.device('bob').head
  restored(relay.device('bob'), head - 2, [])
  const anew = ['under the last number but one', 'under the last number', 'and a new one']
  for (const text of anew) await anna.messenger.sendText(bob.chat, text)
  await until(() => relay.device('bob').mailbox.length === 3, 'accepted')
  expect(relay.device('bob').head).toBe(head + 1)

  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  await until(() => again.received().includes('and a new one'), 'and a new one')
  await until(() => relay.device('bob').mailbox.length === 0, 'acknowledged')
  expect(again.received()).toEqual(['hello', 'one', 'two', 'three', ...anew])
  expect(told(again)).toBe(1)
})

test('only what this connection offered is acknowledged: an older copy gives the next number to another envelope', async () => {
  const acknowledged: { upto: number; offered: number }[] = []
  class WatchedRelay extends NamedRelay {
    override wire(): Wire {
      const plain = super.wire()
      const connect = (token: string, on: SocketHandlers) => {
        let offered = 0
        const envelopes: SocketHandlers['envelopes'] = (some) => {
          offered = Math.max(offered, ...some.map(({ seq }) => seq))
          on.envelopes(some)
        }
        // A moment later, as over a wire: the envelopes are worked on before.
        const caughtUp = (head: number) => void setTimeout(() => on.caughtUp(head), 100)
        const socket = plain.connect(token, { ...on, envelopes, caughtUp })
        const ack = (upto: number) => {
          acknowledged.push({ upto, offered })
          return socket.ack(upto)
        }
        return { ...socket, ack }
      }
      return { ...plain, connect }
    }
  }
  const relay = new WatchedRelay()
  const { anna, bob, passed } = await written(relay)
  const device = relay.device('bob')
  // A receipt of Anna's, which may be due at any moment, would take the number that is to be noticed.
  relay.onEnvelope = () => []
  await until(() => device.mailbox.length === 0, 'all is acknowledged')
  bob.stop()
  const last = device.head
  // The same log, without its last envelope; the one before waits still.
  restored(device, last - 2, passed.slice(-2, -1))
  acknowledged.length = 0
  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  await until(() => told(again) > 0, 'noticed')
  relay.onEnvelope = (one) => [one]
  await anna.messenger.sendText(bob.chat, 'under the number of another')
  await until(() => again.received().includes('under the number of another'), 'received')
  await until(() => device.mailbox.length === 0, 'everything is acknowledged')
  expect(acknowledged.length).toBeGreaterThan(1)
  expect(acknowledged.filter(({ upto, offered }) => upto > offered)).toEqual([])
})
