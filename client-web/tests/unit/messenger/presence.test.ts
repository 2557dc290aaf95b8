/** Who is online, as the relay's answers and its notices cross each other. */
import { describe, expect, test } from 'vitest'
import { Presence } from '@/messenger/session/presence'
import { conversationWith, personIn } from '@/messenger/contract'
import type { ConversationId } from '@/messenger/contract'

function setUp() {
  const everyone = new Map(
    ['anna', 'bob', 'carol', 'dora'].map((userId) => [
      userId,
      { userId, presenceOff: false as boolean | undefined },
    ]),
  )
  const online = new Set<string>()
  const answers: ((online: string[]) => void)[] = []
  const asked: string[][] = []
  const now = { value: 0 }
  /** Of each typing sign, the devices that it goes to. */
  const signs: number[][] = []
  const durabilities: string[] = []
  const core = {
    settings: { presence: true, typingIndicators: true },
    elapsed: () => now.value,
    now: () => 1_700_000_000_000,
    account: {
      userId: 'me',
      deviceId: 1,
      username: 'me',
      identity: { publicKey: new Uint8Array(33) },
    },
    store: {
      get: async () => 0,
      commit: async (_changes: unknown, how: string) => void durabilities.push(how),
    },
    socket: {
      ephemeral: async (_to: string, envelopes: { device_id: number }[]) =>
        void signs.push(envelopes.map((one) => one.device_id)),
      watch: (ids: string[]) => {
        asked.push(ids)
        return new Promise<string[]>((answer) => answers.push(answer))
      },
    },
  }
  const devices = { of: [1] }
  const person = (userId: string) => ({
    ...everyone.get(userId),
    relation: 'contact',
    devices: devices.of.map((deviceId) => ({ deviceId, registrationId: 1 })),
  })
  const people = {
    all: everyone,
    get: person,
    inConversation: (id: ConversationId) => person(personIn(id) ?? ''),
    isOnline: (id: string) => online.has(id),
    accepted: () => [...everyone.values()],
    allOffline: () => online.clear(),
    setOnline: (id: string, is: boolean) => (is ? online.add(id) : online.delete(id)),
  }
  const sessions = {
    serial: { run: async (job: (turn: unknown) => unknown) => job({}) },
    encrypt: async (_changes: unknown, _to: unknown, to: { deviceId: number }[]) =>
      to.map(({ deviceId }) => ({ device_id: deviceId, kind: 'message', body: new Uint8Array() })),
  }
  const [chats, ephemerals] = [{ openChat: { id: null as ConversationId | null } }, {}]
  const presence = new Presence(
    core as never,
    people as never,
    chats as never,
    sessions as never,
    ephemerals as never,
  )
  const choose = (userId: string, on: boolean) =>
    void everyone.set(userId, { userId, presenceOff: !on })
  return { presence, online, answers, asked, chats, choose, devices, signs, now, durabilities }
}

test('a notice that overtakes the answer to the question before it stands', async () => {
  const { presence, online, answers } = setUp()
  const asked = presence.watch()
  presence.changed('anna', true)
  presence.changed('bob', false)
  answers[0]?.(['bob'])
  await asked
  expect([...online]).toEqual(['anna'])
})

test('only the open chat and the rows in sight are asked for', async () => {
  const { presence, asked, chats } = setUp()
  void presence.watch()
  expect(asked).toEqual([[]])
  chats.openChat.id = conversationWith('dora')
  presence.setInSight(['bob', 'a stranger', 'anna'].map(conversationWith))
  expect(asked.at(-1)).toEqual(['anna', 'bob', 'dora'])
  // The same rows again are no news.
  presence.setInSight(['anna', 'bob', 'a stranger'].map(conversationWith))
  expect(asked.length).toBe(2)
  presence.setInSight([])
  expect(asked.at(-1)).toEqual(['dora'])
})

test('for whom it was turned off the relay is not asked, nor is a notice of them heard', async () => {
  const { presence, asked, online, answers, chats, choose } = setUp()
  chats.openChat.id = conversationWith('anna')
  choose('anna', false)
  const told = presence.watch()
  presence.changed('anna', true)
  answers[0]?.(['bob'])
  await told
  presence.setInSight(['anna', 'bob'].map(conversationWith))
  expect(asked).toEqual([[], ['bob']])
  expect([...online]).toEqual(['bob'])
  choose('anna', true)
  void presence.watch()
  expect(asked.at(-1)).toEqual(['anna', 'bob'])
})

test('the answer to the last question stands, also when it comes first', async () => {
  const { presence, online, answers } = setUp()
  const before = presence.watch()
  presence.changed('bob', true)
  const after = presence.watch()
  answers[1]?.(['anna', 'bob'])
  await after
  answers[0]?.([])
  await before
  expect([...online]).toEqual(['anna', 'bob'])
})

describe('a typing sign', () => {
  const MINUTE = 60_000
  const anna = conversationWith('anna')
  const from = (device: number) => ({ user_id: 'anna', device_id: device })

  test('goes to nobody who is offline; to the only device of somebody who is online, at no flush', async () => {
    const { presence, signs, durabilities } = setUp()
    await presence.typing(anna, true)
    expect(signs).toEqual([])
    presence.changed('anna', true)
    await presence.typing(anna, true)
    expect(signs).toEqual([[1]])
    expect(durabilities).toEqual(['relaxed'])
  })

  test('goes to the device that was heard of, not to the one that is away', async () => {
    const { presence, signs, devices, now } = setUp()
    devices.of = [1, 2, 3]
    presence.changed('anna', true)
    const type = async () => {
      now.value += 5_000
      await presence.typing(anna, true)
      return signs.splice(0)
    }
    expect(await type()).toEqual([])
    presence.heardFrom(from(2))
    expect(await type()).toEqual([[2]])
    now.value += 8 * MINUTE
    presence.heardFrom(from(3))
    expect(await type()).toEqual([[2, 3]])
    now.value += 3 * MINUTE
    expect(await type()).toEqual([[3]])
    presence.changed('anna', false)
    presence.changed('anna', true)
    expect(await type()).toEqual([])
    presence.heardFrom(from(1))
    presence.lost()
    presence.changed('anna', true)
    expect(await type()).toEqual([])
  })
})
