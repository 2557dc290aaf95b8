/** What is changed on one device is so on the account's other devices. */
import { expect, test } from 'vitest'
import { Client, settledClients, strangers } from '../../support/client'
import type { ClientOptions } from '../../support/client'
import type { TestRelay } from '../../support/test-relay'
import { parseRefKey } from '@/messenger/core/message-record'
import { saying } from '../../support/saying'
import { calm, until } from '../../support/wait'

const PHRASE = 'seven words of a passphrase here'

async function secondOf(client: Client, relay: TestRelay): Promise<Client> {
  const { file } = await client.messenger.createBackup(PHRASE)
  const second = await Client.loggedIn(client.name, relay)
  await second.messenger.restoreBackup(file, PHRASE)
  await until(() => (client.shown.state.newDevices?.length ?? 0) > 0, 'known to the first')
  return second
}

async function twoDevices(options: ClientOptions = {}) {
  const { relay, anna, bob } = await settledClients(options)
  const second = await secondOf(anna, relay)
  return { relay, anna, second, bob }
}

const chat = (client: Client, of: Client) => client.shown.conversations.get(of.chat)

test('what is read on one is read on both, and a sender who is not told is not told', async () => {
  const { relay, anna, second, bob } = await twoDevices()
  await anna.messenger.setSetting('readReceipts', false)
  await second.messenger.setSetting('readReceipts', false)
  await anna.messenger.markRead(bob.chat)
  for (const text of ['one', 'two', 'three']) await bob.messenger.sendText(anna.chat, text)
  await until(() => chat(anna, bob)?.unread === 3 && chat(second, bob)?.unread === 3, 'unread')
  const before = relay.sends.filter(({ payload }) => payload.to === bob.userId).length
  await anna.messenger.markRead(bob.chat)
  await until(() => chat(second, bob)?.unread === 0, 'read on the other', 15_000)
  expect(chat(anna, bob)?.unread).toBe(0)
  // Told once more, it takes nothing from what came since; and that stays unread where only the other has it.
  const { socket } = relay.device('anna')
  if (!socket) throw new Error('not connected')
  const { envelopes } = socket
  const late: Parameters<typeof envelopes>[0] = []
  await bob.messenger.sendText(anna.chat, 'four')
  await until(() => chat(anna, bob)?.unread === 1 && chat(second, bob)?.unread === 1, 'four')
  socket.envelopes = (some) => void late.push(...some)
  await bob.messenger.sendText(anna.chat, 'five')
  await until(() => chat(second, bob)?.unread === 2, 'five, on one')
  await anna.messenger.markRead(bob.chat)
  await until(() => chat(second, bob)?.unread === 1, 'four is read', 15_000)
  socket.envelopes = envelopes
  envelopes(late)
  await until(() => chat(anna, bob)?.unread === 1, 'five, on both')
  // Delivered, at most: no content says that they were read.
  await calm(50)
  expect(bob.statuses().every((status) => status !== 'read')).toBe(true)
  expect(before).toBeGreaterThan(0)
})

test('what another client says to be read up to a message is read', async () => {
  let newest = ''
  const engine = saying((content) => {
    if (content['what'] !== 'read' || newest === '') return content
    const { ids: _, for: about, ...others } = content
    const { user_id: conversation } = about as { user_id: string }
    return { ...others, conversation, upto: newest }
  })
  const { anna, second, bob } = await twoDevices({ engine })
  await anna.messenger.markRead(bob.chat)
  for (const text of ['one', 'two', 'three']) await bob.messenger.sendText(anna.chat, text)
  await until(() => chat(anna, bob)?.unread === 3 && chat(second, bob)?.unread === 3, 'unread')
  await bob.messenger.openConversation(anna.chat)
  const two = bob.shown.messages.find(({ text }) => text === 'two')
  newest = parseRefKey(two?.id ?? '')?.id ?? ''
  await anna.messenger.markRead(bob.chat)
  await until(() => chat(second, bob)?.unread === 1, 'read up to the second', 15_000)
})

test('reading on one marks what the other has, though it never got the newest', async () => {
  const { relay, anna, second, bob } = await twoDevices()
  await anna.messenger.markRead(bob.chat)
  await until(() => chat(second, bob)?.unread === 0, 'nothing is unread')
  for (const text of ['one', 'two']) await bob.messenger.sendText(anna.chat, text)
  await until(() => chat(second, bob)?.unread === 2, 'on both')
  const lost = relay.device('anna', 2)
  relay.onEnvelope = (one, _to, device) => (device === lost ? [] : [one])
  for (let i = 0; i < 20; i++) await bob.messenger.sendText(anna.chat, `${i}`)
  await until(() => chat(anna, bob)?.unread === 22, 'on one')
  relay.onEnvelope = (one) => [one]
  await anna.messenger.markRead(bob.chat)
  await until(() => chat(second, bob)?.unread === 0, 'read on both', 15_000)
})

test('what was written below the unread keeps nobody from being told that it is read', async () => {
  const { anna, second, bob } = await twoDevices()
  await anna.messenger.markRead(bob.chat)
  await bob.messenger.sendText(anna.chat, 'please answer')
  await until(() => chat(anna, bob)?.unread === 1 && chat(second, bob)?.unread === 1, 'unread')
  for (let i = 0; i < 55; i++) await anna.messenger.sendText(bob.chat, `${i}`)
  await until(() => chat(second, bob)?.last?.text === '54', 'copied', 30_000)
  await anna.messenger.markRead(bob.chat)
  await until(() => chat(second, bob)?.unread === 0, 'read on both', 15_000)
  const status = () => bob.shown.messages.find(({ text }) => text === 'please answer')?.status
  await until(() => status() === 'read', 'the sender is told', 15_000)
})

test('mute, archive, block and the verified mark are the same on both', async () => {
  const { anna, second, bob } = await twoDevices()
  await anna.messenger.setMuted(bob.chat, true)
  await anna.messenger.setArchived(bob.chat, true)
  await anna.messenger.markVerified(bob.userId, bob.identity)
  await until(() => second.contact(bob)?.trust === 'verified', 'verified')
  expect(chat(second, bob)).toMatchObject({ muted: true, archived: true })
  await second.messenger.clearVerified(bob.userId)
  await second.messenger.block(bob.userId)
  await until(() => anna.contact(bob)?.blocked === true, 'blocked')
  expect(anna.contact(bob)?.trust).toBe('unverified')
  await anna.messenger.unblock(bob.userId)
  await until(() => second.contact(bob)?.blocked === false, 'unblocked')
  // And after a reload.
  const again = await second.reloaded()
  expect(chat(again, bob)).toMatchObject({ muted: true, archived: true })
})

test('a request that is accepted, or declined, on one device is so on the other', async () => {
  const { relay, anna, bob } = await strangers()
  const second = await secondOf(anna, relay)
  const cara = await Client.registered('cara', relay)
  for (const stranger of [bob, cara]) {
    await stranger.messenger.addContactByCode(anna.code)
    await stranger.messenger.sendText(anna.chat, `hello from ${stranger.name}`)
  }
  const requests = (client: Client) => client.shown.waiting.map(({ username }) => username).sort()
  for (const device of [anna, second]) {
    await until(() => requests(device).length === 2, 'both ask')
  }
  await anna.messenger.acceptRequest(bob.userId)
  await anna.messenger.declineRequest(cara.userId)
  await until(() => requests(second).length === 0, 'decided')
  expect(second.contact(bob)?.relation).toBe('contact')
  expect(chat(second, bob)?.last?.text).toBe('hello from bob')
  expect(second.contact(cara)?.relation).toBe('hidden')
  await second.messenger.sendText(bob.chat, 'from the second')
  await bob.messenger.openConversation(anna.chat)
  await until(() => bob.received().includes('from the second'), 'heard')
})

test('what is deleted on one is deleted on the other; what came since stays', async () => {
  const { relay, anna, second, bob } = await twoDevices()
  await second.messenger.openConversation(bob.chat)
  const texts = (client: Client) => client.shown.messages.map(({ text }) => text)
  expect(texts(second)).toEqual(['hello', 'hello back'])
  const [hello] = anna.shown.messages
  await anna.messenger.deleteForMe(bob.chat, [hello?.id ?? ''])
  await until(() => texts(second).join() === 'hello back', 'one is gone')

  // The other device has one already that the deleting one has not seen yet.
  const { socket } = relay.device('anna')
  if (!socket) throw new Error('not connected')
  const { envelopes } = socket
  const late: Parameters<typeof envelopes>[0] = []
  socket.envelopes = (some) => void late.push(...some)
  await bob.messenger.sendText(anna.chat, 'later')
  await until(() => texts(second).includes('later'), 'there')
  await anna.messenger.deleteConversation(bob.chat)
  await until(() => texts(second).join() === 'later', 'what was before is gone')
  socket.envelopes = envelopes
  envelopes(late)
  await until(() => chat(anna, bob)?.last?.text === 'later', 'and here')
  await anna.messenger.deleteConversation(bob.chat)
  await until(() => !chat(second, bob), 'all is gone')
})

test('of two messages under one id, the one that was meant goes on both devices', async () => {
  let stolen: string | null = null
  const engine = saying((content) =>
    stolen && content['type'] === 'text' ? { ...content, id: stolen } : content,
  )
  const { relay, anna, bob } = await settledClients({ engine })
  const second = await secondOf(bob, relay)
  await second.messenger.openConversation(anna.chat)
  const texts = (client: Client) => client.shown.messages.map(({ text }) => text)
  const his = bob.shown.messages.find(({ text }) => text === 'hello back')
  const id = parseRefKey(his?.id ?? '')?.id ?? ''
  stolen = id
  await anna.messenger.sendText(bob.chat, 'under your id')
  await until(() => [bob, second].every((one) => texts(one).length === 3), 'received')
  stolen = null
  const hers = bob.shown.messages.find(({ text }) => text === 'under your id')
  expect(parseRefKey(hers?.id ?? '')).toEqual({ sender: anna.userId, id })
  await bob.messenger.deleteForMe(anna.chat, [hers?.id ?? ''])
  await until(() => !texts(second).includes('under your id'), 'gone')
  for (const one of [bob, second]) expect(texts(one)).toEqual(['hello', 'hello back'])
})

test('a new key that is accepted on one is pinned on the other, and messages go out under it', async () => {
  const { relay, anna, second, bob } = await twoDevices()
  bob.stop()
  const phone = await Client.anew('bob', relay)
  await anna.messenger.addContactByQr(phone.qr)
  await until(() => second.contact(phone)?.trust === 'verified', 'verified')
  expect(second.contact(phone)?.identity).toBe(phone.identity)
  await second.messenger.sendText(phone.chat, 'to the new phone')
  await until(() => phone.shown.waiting.length > 0, 'it came')
})

test('a contact that is removed on one is gone on the other', async () => {
  const { anna, second, bob } = await twoDevices()
  await anna.messenger.removeContact(bob.userId)
  await until(() => !second.contact(bob), 'gone')
  expect(chat(second, bob)).toBeUndefined()
})

test.each([
  ['behind', -86_400_000],
  ['ahead', 365 * 86_400_000],
])('of two changes the later counts on both, where one clock is %s', async (_, wrong) => {
  const { relay, anna, bob } = await settledClients()
  const { file } = await anna.messenger.createBackup(PHRASE)
  let off = 0
  const second = await Client.loggedIn('anna', relay, { now: () => Date.now() + off })
  await second.messenger.restoreBackup(file, PHRASE)
  await until(() => (anna.shown.state.newDevices?.length ?? 0) > 0, 'known')
  off = wrong
  await anna.messenger.setMuted(bob.chat, true)
  await until(() => chat(second, bob)?.muted === true, 'muted by one')
  await second.messenger.setMuted(bob.chat, false)
  await until(() => chat(anna, bob)?.muted === false, 'not by the other')
  await anna.messenger.setMuted(bob.chat, true)
  await until(() => chat(second, bob)?.muted === true, 'muted again')
})
