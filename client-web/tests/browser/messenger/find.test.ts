/** Finding one's way in a chat: its messages that hold a text, and the first one of a day. */
import { expect, test } from 'vitest'
import { firstSince } from '@/messenger/chats/first-since'
import { blankMessage } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { messages } from '@/messenger/core/stored-records'
import { conversationWith } from '@/messenger/contract'
import { Changes } from '@/storage/changes'
import { acquaintedClients } from '../../support/client'
import { openStore } from '../../support/storage'

const ANNA = '22222222-2222-4222-8222-222222222222'
const CHAT = conversationWith(ANNA)

/** A store with messages of the chat: [place, time] each; the text is the time. */
async function storeOf(
  ...placed: readonly (readonly [order: number, sentAt: number, over?: Partial<MessageRecord>])[]
) {
  const { store } = await openStore()
  const changes = new Changes()
  for (const [order, sentAt, over] of placed) {
    const id = crypto.randomUUID()
    const text = String(sentAt)
    const message = { ...blankMessage, id, conversation: CHAT, kind: 'text' as const, text }
    changes.writeMessage(messages, { ...message, sender: ANNA, order, sentAt, ...over })
  }
  await store.commit(changes)
  return async (at: number) => (await firstSince(store, CHAT, at))?.sentAt ?? null
}

test('the first message of a day is the one at or after its beginning, else there is none', async () => {
  const since = await storeOf([100, 100], [200, 200], [300, 300])
  expect(await since(0)).toBe(100)
  expect(await since(100)).toBe(100)
  expect(await since(101)).toBe(200)
  expect(await since(300)).toBe(300)
  expect(await since(301)).toBe(null)
})

test('messages that came days late, or under a clock that was behind, are found by their time', async () => {
  const late = await storeOf([100, 100], [500, 200], [501, 510])
  expect(await late(150)).toBe(200)
  expect(await late(300)).toBe(510)
  const behind = await storeOf([100, 100], [120, 900], [130, 910], [1_000, 1_000])
  expect(await behind(800)).toBe(900)
  expect(await behind(905)).toBe(910)
})

test('notices and what nothing shows are no messages of a day', async () => {
  const silent = { kind: 'unknown', unknown: { named: 'x', silent: true, bytes: null } } as const
  const since = await storeOf(
    [100, 100],
    [200, 200, { kind: 'notice', notice: { type: 'verified' }, sender: null }],
    [210, 210, silent],
    [300, 300],
  )
  expect(await since(150)).toBe(300)
})

test('more notices than are read at a time hide nothing, on either side of the day', async () => {
  const notice = { kind: 'notice', notice: { type: 'verified' }, sender: null } as const
  const many = (from: number) =>
    Array.from({ length: 70 }, (_, i) => [from + i, from + i, notice] as const)
  const after = await storeOf([100, 100], ...many(200), [400, 400])
  expect(await after(150)).toBe(400)
  const before = await storeOf([100, 900], ...many(200), [1_000, 1_000])
  expect(await before(800)).toBe(900)
})

test('a search in a chat gives all of its messages that hold the words, newest first, and no others', async () => {
  const { anna, bob } = await acquaintedClients()
  const first = await anna.messenger.sendText(bob.chat, 'Bernstein, the first')
  const notes = await anna.messenger.openNotes()
  const note = await anna.messenger.sendText(notes, 'Bernstein, a note')
  const second = await anna.messenger.sendText(bob.chat, 'a second BÉRNSTEIN')
  const find = (text: string) => anna.messenger.searchIn(bob.chat, text)
  expect(await find('bernstein')).toEqual([second.id, first.id])
  expect(await find('  ')).toEqual([])
  expect(await find('amber')).toEqual([])
  expect(await anna.messenger.searchIn(notes, 'bernstein')).toEqual([note.id])
  await anna.messenger.edit(first.id, 'Amber, the first')
  expect(await find('bernstein')).toEqual([second.id])
  expect(await find('amber')).toEqual([first.id])
})

test('an old message and an older page that are asked for at once come once, in order', async () => {
  const { anna } = await acquaintedClients()
  const notes = await anna.messenger.openNotes()
  const texts = Array.from({ length: 60 }, (_, i) => `note ${i}`)
  const [first = ''] = await texts.reduce<Promise<string[]>>(async (sent, text) => {
    const before = await sent
    return [...before, (await anna.messenger.sendText(notes, text)).id]
  }, Promise.resolve([]))
  await anna.messenger.closeConversation()
  await anna.messenger.openConversation(notes)
  expect(anna.flow()).toEqual(texts.slice(-50))
  const { messenger } = anna
  const loaded = await Promise.all([
    messenger.loadUntil(notes, first),
    messenger.loadOlder(notes),
    messenger.loadUntil(notes, first),
  ])
  expect([loaded[0], loaded[2]]).toEqual([true, true])
  expect(anna.flow()).toEqual(texts)
  expect(await messenger.loadOlder(notes)).toBe(false)
  const elsewhere = await messenger.loadUntil(notes, 'me.nobody')
  expect(elsewhere).toBe(false)
})
