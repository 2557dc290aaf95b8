/** Who is online, as the relay's answers and its notices cross each other. */
import { expect, test } from 'vitest'
import { Presence } from '@/messenger/session/presence'
import { conversationWith } from '@/messenger/contract'
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
  const core = {
    settings: { presence: true },
    socket: {
      watch: (ids: string[]) => {
        asked.push(ids)
        return new Promise<string[]>((answer) => answers.push(answer))
      },
    },
  }
  const people = {
    all: everyone,
    accepted: () => [...everyone.values()],
    allOffline: () => online.clear(),
    setOnline: (id: string, is: boolean) => (is ? online.add(id) : online.delete(id)),
  }
  const [chats, sessions, ephemerals] = [{ open: null as ConversationId | null }, {}, {}]
  const presence = new Presence(
    core as never,
    people as never,
    chats as never,
    sessions as never,
    ephemerals as never,
  )
  const choose = (userId: string, on: boolean) =>
    void everyone.set(userId, { userId, presenceOff: !on })
  return { presence, online, answers, asked, chats, choose }
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
  chats.open = conversationWith('dora')
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
  chats.open = conversationWith('anna')
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
