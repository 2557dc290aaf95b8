/** Edits, deletions for everyone and reactions between two people and on their other devices. */
import { describe, expect, test } from 'vitest'
import { openDatabase } from '@/storage/database'
import { Client, settledClients } from '../../support/client'
import { sayingFields } from '../../support/saying'
import type { IncomingEnvelope } from '@/wire/types'
import { calm, until } from '../../support/wait'

const last = (client: Client) => client.shown.messages.at(-1)
const wire = (id: string) => id.slice(id.indexOf('.') + 1)

test('an edit is shown as one on both sides, with the earlier texts, in the list and in the search', async () => {
  const { anna, bob } = await settledClients()
  const { id } = await anna.messenger.sendText(bob.chat, 'teh word')
  await until(() => bob.received().includes('teh word'), 'read')
  await bob.messenger.search('teh')
  await anna.messenger.edit(id, 'the word')
  await anna.messenger.edit(id, 'the last word')
  await until(() => last(bob)?.text === 'the last word', 'edited')
  for (const one of [anna, bob]) {
    expect(last(one)?.edited?.before.map(({ text }) => text)).toEqual(['teh word', 'the word'])
  }
  expect(bob.shown.conversations.get(anna.chat)?.last?.text).toBe('the last word')
  expect(await bob.messenger.search('teh')).toEqual([])
  expect(await bob.messenger.search('last word')).toHaveLength(1)
  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  expect(last(again)?.text).toBe('the last word')
})

test('a deletion for everyone leaves a trace, also in quotes, in the list and in the search', async () => {
  const { anna, bob } = await settledClients()
  const { id } = await anna.messenger.sendText(bob.chat, 'a secret')
  await until(() => bob.received().includes('a secret'), 'read')
  await bob.messenger.reply(anna.chat, 'oh?', last(bob)?.id ?? '')
  await until(() => anna.received().includes('oh?'), 'quoted')
  await anna.messenger.deleteForAll([id])
  await until(() => bob.shown.messages.some(({ kind }) => kind === 'deleted'), 'deleted')
  await until(() => last(bob)?.replyTo?.known === false, 'the quote')
  for (const one of [anna, bob]) {
    expect(JSON.stringify(one.shown.messages)).not.toContain('a secret')
    expect(await one.messenger.search('secret')).toEqual([])
  }
  await expect(anna.messenger.edit(id, 'x')).rejects.toMatchObject({ code: 'gone' })
})

test('reactions: one per person, changed and taken back, and no unread message', async () => {
  const { anna, bob } = await settledClients()
  await bob.messenger.markRead(anna.chat)
  const { id } = await anna.messenger.sendText(bob.chat, 'news')
  await until(() => bob.received().includes('news'), 'read')
  await bob.messenger.markRead(anna.chat)
  const shown = last(bob)?.id ?? ''
  await bob.messenger.react(shown, '👍')
  await bob.messenger.react(shown, '🎉')
  await until(() => last(anna)?.reactions?.[0]?.emoji === '🎉', 'seen')
  await anna.messenger.react(id, '😂')
  await until(() => last(bob)?.reactions?.length === 2, 'both')
  expect(last(anna)?.reactions).toEqual([
    { mine: false, emoji: '🎉' },
    { mine: true, emoji: '😂' },
  ])
  await bob.messenger.react(shown, null)
  await until(() => last(anna)?.reactions?.length === 1, 'taken back')
  expect(bob.shown.conversations.get(anna.chat)?.unread).toBe(0)
  await expect(Promise.resolve().then(() => bob.messenger.react(shown, 'x'))).rejects.toMatchObject(
    {
      code: 'invalid',
    },
  )
})

test('what comes before its message waits for it', async () => {
  const { relay, anna, bob } = await settledClients()
  const held: IncomingEnvelope[] = []
  relay.onEnvelope = (one, to) => {
    if (to.name !== 'bob' || one.from.user_id !== anna.userId || held.length > 0) return [one]
    held.push(one)
    return []
  }
  const { id } = await anna.messenger.sendText(bob.chat, 'held back')
  await until(() => held.length === 1, 'held')
  await anna.messenger.edit(id, 'better')
  await anna.messenger.react(id, '👍')
  await until(() => relay.device('bob').mailbox.length === 0, 'waiting')
  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  for (const one of held) relay.deliver(relay.user('bob'), relay.device('bob'), one)
  await until(() => again.received().includes('better'), 'with all that was said')
  expect(last(again)).toMatchObject({
    edited: { before: [{ text: 'held back' }] },
    reactions: [{ mine: false, emoji: '👍' }],
  })
})

describe('malicious contents', () => {
  const evil = async () => {
    const { relay, anna, bob } = await settledClients({ engine: sayingFields })
    await bob.messenger.sendText(anna.chat, 'mine')
    await until(() => anna.received().includes('mine'), 'read')
    const send = (fields: object) => anna.messenger.sendText(bob.chat, JSON.stringify(fields))
    const target = wire(bob.shown.messages.findLast(({ text }) => text === 'mine')?.id ?? '')
    const through = async () => {
      await anna.messenger.sendText(bob.chat, 'through')
      await until(() => bob.received().includes('through'), 'through')
    }
    return { relay, anna, bob, send, target, through }
  }

  test('nobody edits or deletes a message of somebody else', async () => {
    const { bob, send, target, through } = await evil()
    await send({ type: 'edit', target, text: 'not mine' })
    await send({ type: 'delete', targets: [target] })
    await through()
    expect(bob.flow()).toContain('mine')
    expect(bob.flow()).not.toContain('not mine')
  })

  test('reactions are one emoji each, of the sender, to a message of the two', async () => {
    const { bob, send, target, through } = await evil()
    for (const emoji of ['<b>', 'x'.repeat(9_000), '👍👍', '', 7]) {
      await send({ type: 'reaction', target: { user_id: bob.userId, id: target }, emoji })
    }
    const elsewhere = { user_id: crypto.randomUUID(), id: target }
    await send({ type: 'reaction', target: elsewhere, emoji: '👍' })
    await through()
    expect(bob.shown.messages.some(({ reactions }) => reactions)).toBe(false)
  })

  test('what waits for messages that never come is bounded', async () => {
    const { anna, bob, send, through } = await evil()
    for (let i = 0; i < 3; i++) {
      const targets = Array.from({ length: 100 }, () => crypto.randomUUID())
      await send({ type: 'delete', targets })
    }
    await through()
    await calm(100)
    const db = await openDatabase(bob.database)
    expect(await db.count('records')).toBeLessThan(240)
    db.close()
    expect(anna.shown.link.state).toBe('online')
  })
})

test('after a day nothing is edited, and after two nothing is deleted for everyone', async () => {
  let late = 0
  const { anna, bob } = await settledClients({ now: () => Date.now() + late })
  const { id } = await anna.messenger.sendText(bob.chat, 'set in stone')
  await until(() => bob.received().includes('set in stone'), 'read')
  late = 25 * 3_600_000
  await expect(anna.messenger.edit(id, 'x')).rejects.toMatchObject({ code: 'too_late' })
  late = 49 * 3_600_000
  await expect(anna.messenger.deleteForAll([id])).rejects.toMatchObject({ code: 'too_late' })
})

test('all of it is on one’s own other devices, too', async () => {
  const { relay, anna, bob } = await settledClients()
  const phrase = 'seven words of a passphrase here'
  const { file } = await anna.messenger.createBackup(phrase)
  const phone = await Client.loggedIn('anna', relay)
  await phone.messenger.restoreBackup(file, phrase)
  await until(() => (anna.shown.state.newDevices?.length ?? 0) > 0, 'known to the first')
  await phone.messenger.openConversation(bob.chat)
  const one = await anna.messenger.sendText(bob.chat, 'one')
  const two = await anna.messenger.sendText(bob.chat, 'two')
  await until(() => phone.flow().includes('two'), 'copied')
  await anna.messenger.edit(one.id, 'one, edited')
  await anna.messenger.deleteForAll([two.id])
  await anna.messenger.react(one.id, '👍')
  const copied = () => phone.shown.messages.find(({ id }) => id === one.id)
  await until(() => copied()?.text === 'one, edited', 'edited')
  await until(() => copied()?.reactions?.[0]?.mine === true, 'reaction')
  await until(() => phone.shown.messages.some(({ kind }) => kind === 'deleted'), 'deleted')
  await phone.messenger.edit(one.id, 'one, edited on the phone')
  await until(() => bob.received().includes('one, edited on the phone'), 'at Bob')
  const here = () => anna.shown.messages.find(({ id }) => id === one.id)
  await until(() => here()?.text === 'one, edited on the phone', 'back here')
})
