/** Stars and pins of messages: on all own devices, for nobody else, and gone with their messages. */
import { expect, test } from 'vitest'
import { MOST_PINNED } from '@/messenger/contract'
import { Client, settledClients } from '../../support/client'
import { until } from '../../support/wait'

const PHRASE = 'seven words of a passphrase here'
const starsOf = async (client: Client) =>
  (await client.messenger.starredMessages()).map(({ text }) => text)
const pinsOf = async (client: Client, of: Client) =>
  (await client.messenger.pinnedMessages(of.chat)).map(({ text }) => text)
const idOf = (client: Client, text: string) =>
  client.shown.messages.find((one) => one.text === text)?.id ?? ''

async function twoDevices() {
  const { relay, anna, bob } = await settledClients()
  const { file } = await anna.messenger.createBackup(PHRASE)
  const second = await Client.loggedIn('anna', relay)
  await second.messenger.restoreBackup(file, PHRASE)
  await until(() => (anna.shown.state.newDevices?.length ?? 0) > 0, 'known to the first')
  return { relay, anna, second, bob }
}

test('a star is on all own devices, is taken back there, and nobody else hears of it', async () => {
  const { anna, second, bob } = await twoDevices()
  await anna.messenger.setStarred([idOf(anna, 'hello'), idOf(anna, 'hello back')], true)
  await until(() => second.shown.marked.starred.size === 2, 'on the other')
  expect(await starsOf(second)).toEqual(['hello back', 'hello'])
  await second.messenger.openConversation(bob.chat)
  await second.messenger.setStarred([idOf(second, 'hello')], false)
  await until(() => anna.shown.marked.starred.size === 1, 'taken back')
  expect(await starsOf(anna)).toEqual(['hello back'])
  expect(await anna.messenger.starredMessages(anna.chat)).toEqual([])
  expect(bob.shown.marked.starred.size).toBe(0)
  const again = await anna.reloaded()
  expect(await starsOf(again)).toEqual(['hello back'])
})

test('three messages are pinned at most: the first of four is pinned no more, on both devices', async () => {
  const { anna, second, bob } = await twoDevices()
  for (const text of ['one', 'two', 'three', 'four']) {
    const { id } = await anna.messenger.sendText(bob.chat, text)
    await anna.messenger.setMessagePinned(id, true)
  }
  expect(await pinsOf(anna, bob)).toEqual(['four', 'three', 'two'])
  const pinned = (client: Client) => client.shown.marked.pinned.get(bob.chat) ?? []
  await until(() => pinned(second).join() === pinned(anna).join(), 'the same', 15_000)
  expect(pinned(second)).toHaveLength(MOST_PINNED)
  await anna.messenger.setMessagePinned(idOf(anna, 'three'), false)
  await until(() => pinned(second).length === 2, 'taken off', 15_000)
  expect(await pinsOf(second, bob)).toEqual(['four', 'two'])
})

test('with a message its marks go: for oneself, for everyone, with its chat', async () => {
  const { anna, bob } = await settledClients()
  const mark = async (text: string) => {
    const { id } = await anna.messenger.sendText(bob.chat, text)
    await anna.messenger.setStarred([id], true)
    await anna.messenger.setMessagePinned(id, true)
    return id
  }
  const sizes = () => [anna.shown.marked.starred.size, anna.shown.marked.pinned.size]
  await anna.messenger.deleteForMe(bob.chat, [await mark('for me')])
  expect(sizes()).toEqual([0, 0])
  await anna.messenger.deleteForAll([await mark('for all')])
  expect(sizes()).toEqual([0, 0])
  await mark('with the chat')
  expect(sizes()).toEqual([1, 1])
  await anna.messenger.deleteConversation(bob.chat)
  expect(sizes()).toEqual([0, 0])
})

test('a backup holds them; of what is known twice the later counts', async () => {
  const { relay, anna, bob } = await settledClients()
  await anna.messenger.setStarred([idOf(anna, 'hello')], true)
  await anna.messenger.setMessagePinned(idOf(anna, 'hello back'), true)
  const { file } = await anna.messenger.createBackup(PHRASE)
  await anna.messenger.setStarred([idOf(anna, 'hello')], false)
  await anna.messenger.restoreBackup(file, PHRASE)
  expect(await starsOf(anna)).toEqual([])
  expect(await pinsOf(anna, bob)).toEqual(['hello back'])
  const second = await Client.loggedIn('anna', relay)
  await second.messenger.restoreBackup(file, PHRASE)
  expect(await starsOf(second)).toEqual(['hello'])
  expect(await pinsOf(second, bob)).toEqual(['hello back'])
})

test('a message that is gone, deleted or no message gets no mark', async () => {
  const { anna, bob } = await settledClients()
  const gone = await anna.messenger.sendText(bob.chat, 'never mind')
  await anna.messenger.deleteForAll([gone.id])
  for (const id of [gone.id, 'me.nothing', 'nothing']) {
    await expect(anna.messenger.setStarred([id], true)).rejects.toMatchObject({ code: 'gone' })
    const pinning = anna.messenger.setMessagePinned(id, true)
    await expect(pinning).rejects.toMatchObject({ code: 'gone' })
  }
})
