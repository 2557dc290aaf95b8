/** How a person keeps contacts and chats for themselves: the same on all of their devices, told to nobody else. */
import { expect, test } from 'vitest'
import { conversationWith } from '@/messenger/contract'
import { Client, PASSWORD, settledClients } from '../../support/client'
import type { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

async function linked(relay: TestRelay, old: Client, now?: () => number): Promise<Client> {
  const fresh = new Client(old.name, relay, now && { now })
  await fresh.boot()
  let digits = ''
  let answered: Promise<unknown> = Promise.resolve()
  const joined = fresh.messenger.linkThisDevice((step) => {
    if (step.step === 'code') answered = old.messenger.joinLink(step.code)
    if (step.step === 'check') ({ digits } = step)
  }, new AbortController().signal)
  await until(() => digits !== '', 'digits')
  await answered
  await old.messenger.confirmLink(digits, PASSWORD)
  await joined
  return fresh
}

const chat = (client: Client, of: Client) => client.shown.conversations.get(of.chat)

test('nickname, pin, mute and settings are the same on both devices, and after a reload', async () => {
  const { relay, anna, bob } = await settledClients()
  const second = await linked(relay, anna)
  // Each knows of the other.
  await second.messenger.setArchived(bob.chat, true)
  await until(() => chat(anna, bob)?.archived === true, 'archived')
  const before = relay.sends.filter(({ payload }) => payload.to === bob.userId).length
  const until8 = Date.now() + 8 * 3_600_000
  await anna.messenger.setNickname(bob.userId, '  Bobby   from work ')
  await anna.messenger.setPinned(bob.chat, true)
  await anna.messenger.setMuted(bob.chat, true, until8)
  await anna.messenger.setSetting('readReceipts', false)
  await anna.messenger.setSetting('listWidth', 400)
  await until(() => chat(second, bob)?.muted === true, 'muted')
  await until(() => !second.shown.settingsShown.readReceipts, 'setting')
  expect(second.contact(bob)).toMatchObject({ name: 'Bobby from work', username: 'bob' })
  expect(chat(second, bob)).toMatchObject({
    name: 'Bobby from work',
    pinned: true,
    mutedUntil: until8,
  })
  expect(second.shown.settingsShown.listWidth).not.toBe(400)
  await second.messenger.setNickname(bob.userId, null)
  await second.messenger.setPinned(bob.chat, false)
  await until(() => chat(anna, bob)?.pinned === false, 'unpinned')
  expect(anna.contact(bob)).toMatchObject({ name: 'bob', nickname: null })
  const again = await second.reloaded()
  expect(chat(again, bob)).toMatchObject({ pinned: false, muted: true, mutedUntil: until8 })
  // Nobody else is told of any of it.
  const after = relay.sends.filter(({ payload }) => payload.to === bob.userId).length
  expect(after).toBe(before)
})

test('a mute ends by itself, also one that was over when the app was opened', async () => {
  const { anna, bob } = await settledClients()
  await anna.messenger.setMuted(bob.chat, true, Date.now() + 200)
  expect(chat(anna, bob)?.muted).toBe(true)
  await until(() => chat(anna, bob)?.muted === false, 'over')
  await anna.messenger.setMuted(bob.chat, true, Date.now() - 1)
  const again = await anna.reloaded()
  expect(chat(again, bob)).toMatchObject({ muted: false, mutedUntil: null })
})

test('a chat that was marked is unread until it is looked at', async () => {
  const { anna, bob } = await settledClients()
  await anna.messenger.markRead(bob.chat)
  await anna.messenger.markUnread(bob.chat)
  expect(chat(anna, bob)).toMatchObject({ unread: 0, markedUnread: true })
  const again = await anna.reloaded()
  expect(chat(again, bob)?.markedUnread).toBe(true)
  await again.messenger.markRead(bob.chat)
  expect(chat(again, bob)?.markedUnread).toBe(false)
})

test('a note to oneself is kept, found, and copied to the other device alone', async () => {
  const { relay, anna, bob } = await settledClients()
  const notes = await anna.messenger.openNotes()
  expect(notes).toBe(conversationWith(anna.userId))
  await anna.messenger.openConversation(notes)
  await anna.messenger.sendText(notes, 'milk')
  expect(anna.flow()).toEqual(['milk'])
  expect(anna.statuses()).toEqual(['accepted'])
  expect(anna.shown.conversations.get(notes)).toMatchObject({ isNotes: true, unread: 0 })
  const second = await linked(relay, anna)
  await second.messenger.openConversation(notes)
  await until(() => second.flow().includes('milk'), 'came along')
  await second.messenger.sendText(notes, 'cheese')
  await until(() => anna.flow().includes('cheese'), 'copied')
  // The first device may learn of the second one's keys only now.
  await calm()
  await anna.messenger.sendText(notes, 'bread')
  await until(() => second.flow().includes('bread'), 'copied back')
  expect(second.shown.conversations.get(notes)?.unread).toBe(0)
  expect((await anna.messenger.search('cheese')).length).toBe(1)
  expect([...anna.flow(), ...second.flow()].some((one) => one === 'gap')).toBe(false)
  await anna.messenger.setPinned(notes, true)
  await until(() => second.shown.conversations.get(notes)?.pinned === true, 'pinned')
  const bread = anna.shown.messages.find(({ text }) => text === 'bread')
  await anna.messenger.deleteForMe(notes, [bread?.id ?? ''])
  await until(() => !second.flow().includes('bread'), 'deleted on both')
  expect(bob.flow()).not.toContain('milk')
  // Nothing of it is a contact.
  expect(anna.shown.contacts.has(anna.userId)).toBe(false)
})

test.each([
  ['   ', 'invalid'],
  ['x'.repeat(41), 'too_long'],
  ['\u202Eevil', 'unsendable_text'],
])('the nickname %j is refused', async (name, code) => {
  const { anna, bob } = await settledClients()
  await expect(anna.messenger.setNickname(bob.userId, name)).rejects.toMatchObject({ code })
  expect(anna.contact(bob)?.nickname).toBeNull()
})
