/** Messages that disappear: both people and all devices agree, and nothing of them is left when they are due. */
import { describe, expect, test } from 'vitest'
import { own } from '@/crypto/bytes'
import { readBackup } from '../../support/backup'
import { Client, settledClients, strangers } from '../../support/client'
import { keepMessages } from '../../support/full-disk'
import { garble } from '../../support/garble'
import { hurry } from '../../support/hurry'
import { sayingFields } from '../../support/saying'
import {
  clock,
  countRows,
  HOUR,
  last,
  MINUTE,
  notices,
  PASSPHRASE,
  setBoth,
  tell,
  timer,
} from '../../support/timers'
import { calm, until } from '../../support/wait'

describe('a message', () => {
  test('goes for its sender after it was sent, for its recipient after it was read', async () => {
    const { options, pass } = clock()
    const { anna, bob } = await settledClients(options)
    await setBoth(anna, bob, 60)
    await bob.messenger.closeConversation()
    await anna.messenger.sendText(bob.chat, 'gone soon')
    await until(() => bob.shown.conversations.get(anna.chat)?.last?.text === 'gone soon', 'came')
    await until(() => last(anna)?.expiry?.at !== null, 'begun')
    pass(61_000)
    const sender = await anna.reloaded()
    await sender.messenger.openConversation(bob.chat)
    expect(sender.flow()).not.toContain('gone soon')
    expect(sender.shown.conversations.get(bob.chat)?.last?.text).toBe('hello back')
    expect(await sender.messenger.search('gone')).toEqual([])

    // Locked, off line, asleep: the recipient has not seen it yet.
    const reader = await bob.reloaded()
    await reader.messenger.openConversation(anna.chat)
    expect(last(reader)).toMatchObject({ text: 'gone soon', expiry: { at: null } })
    await reader.messenger.markRead(anna.chat)
    expect(last(reader)?.expiry?.at).not.toBeNull()
    pass(61_000)
    const again = await reader.reloaded()
    expect(again.shown.conversations.get(anna.chat)).toMatchObject({
      unread: 0,
      last: { text: 'hello back' },
    })
    await again.messenger.openConversation(anna.chat)
    expect(again.received()).not.toContain('gone soon')
  })

  test('goes while it is looked at, and takes quotes of it along', async () => {
    const { options, pass } = clock()
    const { anna, bob } = await settledClients(options)
    await setBoth(anna, bob, 60)
    const id = await tell(anna, bob, 'a secret')
    await anna.messenger.edit(id, 'a secret word')
    await until(() => last(bob)?.text === 'a secret word', 'edited')
    await bob.messenger.search('secret')
    await bob.messenger.markRead(anna.chat)
    await setBoth(anna, bob, 0)
    const quoted = bob.shown.messages.find(({ text }) => text === 'a secret word')?.id ?? ''
    await bob.messenger.reply(anna.chat, 'oh?', quoted)
    await until(() => anna.received().includes('oh?'), 'the reply')
    pass(2 * MINUTE)
    const searchChanges = bob.shown.searchChanges
    // Whatever gets a time looks at the clock again.
    await setBoth(anna, bob, 3600)
    await tell(anna, bob, 'the next')
    await bob.messenger.markRead(anna.chat)
    for (const one of [anna, bob]) {
      const reply = () => one.shown.messages.find(({ text }) => text === 'oh?')
      await until(() => !one.flow().includes('a secret word'), 'gone')
      await until(() => reply()?.replyTo?.known === false, 'the quote')
      if (one === bob) expect(bob.shown.searchChanges).toBeGreaterThan(searchChanges)
      expect(JSON.stringify(one.shown.messages)).not.toContain('secret')
      expect(await one.messenger.search('secret')).toEqual([])
      expect(one.shown.conversations.get((one === anna ? bob : anna).chat)?.last?.text).toBe(
        'the next',
      )
    }
  })

  test('that is due goes as soon as the disk takes it', async () => {
    const { options, pass } = clock()
    const { anna, bob } = await settledClients(options)
    await setBoth(anna, bob, 60)
    await tell(anna, bob, 'stubborn')
    pass(2 * MINUTE)
    hurry(20)
    const { refused } = keepMessages(anna.database, 2)
    const full = await anna.reloaded()
    expect(full.shown.state.phase).toBe('ready')
    await until(() => refused() === 2, 'refused twice', 20_000)
    await full.messenger.openConversation(bob.chat)
    await until(() => !full.flow().includes('stubborn'), 'gone', 20_000)
    const again = await full.reloaded()
    await again.messenger.openConversation(bob.chat)
    expect(again.flow()).not.toContain('stubborn')
  })

  test('takes along what may be asked for again of it', async () => {
    const { options, pass } = clock()
    const { anna, bob } = await settledClients(options)
    await setBoth(anna, bob, 60)
    const id = await tell(anna, bob, 'teh secret')
    await anna.messenger.edit(id, 'the secret')
    await until(() => last(bob)?.text === 'the secret', 'edited')
    await calm(100)
    anna.stop()
    const before = await countRows('sent', anna)
    pass(2 * MINUTE)
    const again = await anna.reloaded()
    // At the start, before anything else is sent.
    expect(await countRows('sent', again)).toBe(before - 1)
  })

  test('that is edited keeps its time; one that is deleted has none', async () => {
    const { options, pass } = clock()
    const { anna, bob } = await settledClients(options)
    await setBoth(anna, bob, 3600)
    const id = await tell(anna, bob, 'teh')
    const at = last(anna)?.expiry?.at
    await anna.messenger.edit(id, 'the')
    await until(() => last(bob)?.text === 'the', 'edited')
    expect(last(anna)?.expiry?.at).toBe(at)
    await anna.messenger.deleteForAll([id])
    await until(() => last(bob)?.kind === 'deleted', 'deleted')
    for (const one of [anna, bob]) {
      expect(last(one)?.expiry).toBeUndefined()
      expect(await countRows('deadlines', one)).toBe(0)
    }
    pass(2 * HOUR)
    const again = await anna.reloaded()
    await again.messenger.openConversation(bob.chat)
    expect(last(again)?.kind).toBe('deleted')
  })

  test('that waits has no time until it is sent', async () => {
    const { options, pass } = clock()
    const { anna, bob, relay } = await settledClients(options)
    await setBoth(anna, bob, 60)
    relay.beforeSend = () => {
      throw new Error('off line')
    }
    await anna.messenger.sendText(bob.chat, 'patient')
    pass(HOUR)
    relay.beforeSend = () => undefined
    const again = await anna.reloaded()
    await again.messenger.openConversation(bob.chat)
    await until(() => bob.received().includes('patient'), 'sent', 40_000)
    expect(again.flow()).toContain('patient')
  })

  test('read while the clock was a year ahead does not stay for a year', async () => {
    let ahead = 0
    const { anna, bob } = await settledClients({ now: () => Date.now() + ahead })
    await setBoth(anna, bob, 60)
    await tell(anna, bob, 'short')
    ahead = 365 * 24 * HOUR
    const wrong = await bob.reloaded()
    await wrong.messenger.markRead(anna.chat)
    ahead = 0
    const right = await wrong.reloaded()
    await right.messenger.openConversation(anna.chat)
    expect((last(right)?.expiry?.at ?? Infinity) - Date.now()).toBeLessThan(2 * HOUR)
  })

  test('fetched again into an earlier place goes as the others, once it is read', async () => {
    const { options, pass } = clock()
    const { relay, anna, bob } = await settledClients(options)
    await setBoth(anna, bob, 60)
    const garbling = garble(relay, anna, bob)
    relay.beforeSend = ({ to }) => {
      if (to === anna.userId) throw new Error('asks later')
    }
    await anna.messenger.sendText(bob.chat, 'garbled')
    await until(() => garbling.count === 1, 'garbled')
    garbling.on = false
    await tell(anna, bob, 'whole')
    await bob.messenger.markRead(anna.chat)
    relay.beforeSend = () => undefined
    const asking = await bob.reloaded()
    await asking.messenger.openConversation(anna.chat)
    await until(() => asking.received().includes('garbled'), 'fetched', 20_000)
    await asking.messenger.markRead(anna.chat)
    const fetched = () => asking.shown.messages.find(({ text }) => text === 'garbled')
    expect(fetched()?.expiry?.at).not.toBeNull()
    pass(2 * MINUTE)
    const again = await asking.reloaded()
    await again.messenger.openConversation(anna.chat)
    expect(again.received()).not.toContain('garbled')
  })

  test('of a stranger stays until one has decided', async () => {
    const { options, pass } = clock()
    const { anna, bob } = await strangers({ anna: options, bob: options })
    await anna.messenger.addContactByCode(bob.code)
    await anna.messenger.setTimer(bob.chat, 60, 'x')
    await anna.messenger.sendText(bob.chat, 'who am I?')
    await until(() => bob.shown.waiting[0]?.last.text === 'who am I?', 'asks')
    await bob.messenger.markRead(anna.chat)
    pass(2 * MINUTE)
    const again = await bob.reloaded()
    expect(again.shown.waiting).toMatchObject([{ last: { text: 'who am I?' }, count: 1 }])
  })

  test('of which nobody says a sensible time is refused', async () => {
    const { anna, bob } = await settledClients({ engine: sayingFields })
    await anna.messenger.sendText(bob.chat, JSON.stringify({ text: 'x', expires_in: -1 }))
    await until(() => bob.eventTypes().includes('undecryptable'), 'refused')
    expect(bob.received()).not.toContain('x')
  })
})

describe('on one’s own devices', () => {
  test('change and time are the same: sent there, read here', async () => {
    const { options, pass } = clock()
    const { relay, anna, bob } = await settledClients(options)
    await setBoth(anna, bob, 3600)
    const { file } = await bob.messenger.createBackup(PASSPHRASE)
    const second = await Client.loggedIn('bob', relay, options)
    await second.messenger.restoreBackup(file, PASSPHRASE)
    expect(timer(second, anna)).toBe(3600)
    await until(() => bob.shown.state.newDevices?.length === 1, 'met')
    await second.messenger.openConversation(anna.chat)
    await bob.messenger.sendText(anna.chat, 'to both')
    await until(() => second.flow().includes('to both'), 'copied')
    expect(last(second)?.expiry?.at).not.toBeNull()
    await tell(anna, bob, 'for both')
    await until(() => second.received().includes('for both'), 'there, too')
    await second.messenger.markRead(anna.chat)
    await until(() => last(bob)?.expiry?.at !== null, 'begun by the other')
    await second.messenger.setTimer(anna.chat, 60, 'x')
    await until(() => timer(bob, anna) === 60 && timer(anna, bob) === 60, 'all know')
    expect(notices(bob).at(-1)?.mine).toBe(true)
    pass(2 * HOUR)
    for (const one of [bob, second]) {
      const again = await one.reloaded()
      await again.messenger.openConversation(anna.chat)
      expect(again.flow().filter((text) => text.endsWith('both'))).toEqual([])
    }
  })

  test('goes where it is, once a later one was read on a device that never had it', async () => {
    const { options, pass } = clock()
    const { relay, anna, bob } = await settledClients(options)
    await setBoth(anna, bob, 3600)
    await tell(anna, bob, 'before the second')
    const { file } = await bob.messenger.createBackup(PASSPHRASE)
    const second = await Client.loggedIn('bob', relay, options)
    await second.messenger.restoreBackup(file, PASSPHRASE)
    await until(() => bob.shown.state.newDevices?.length === 1, 'met')
    await second.messenger.openConversation(anna.chat)
    await tell(anna, bob, 'for both')
    await until(() => second.received().includes('for both'), 'there, too')
    await second.messenger.markRead(anna.chat)
    await until(() => bob.shown.conversations.get(anna.chat)?.unread === 0, 'read')
    pass(2 * HOUR)
    const again = await bob.reloaded()
    await again.messenger.openConversation(anna.chat)
    expect(again.received()).toEqual(['hello'])
  })

  test('notes disappear as well', async () => {
    const { options, pass } = clock()
    const { anna } = await settledClients(options)
    const notes = await anna.messenger.openNotes()
    await anna.messenger.openConversation(notes)
    await anna.messenger.setTimer(notes, 60, 'x')
    await anna.messenger.sendText(notes, 'milk')
    expect(last(anna)?.expiry?.at).not.toBeNull()
    pass(2 * MINUTE)
    const again = await anna.reloaded()
    await again.messenger.openConversation(notes)
    expect(again.flow()).toEqual(['timer'])
  })
})

test('neither a message that disappears nor a quote of it is in a backup', async () => {
  const { anna, bob } = await settledClients()
  await setBoth(anna, bob, 3600)
  const id = await tell(anna, bob, 'off the record')
  await setBoth(anna, bob, 0)
  await anna.messenger.reply(bob.chat, 'as I said', id)
  const { file } = await anna.messenger.createBackup(PASSPHRASE)
  const { content } = await readBackup(own(await file.arrayBuffer()), PASSPHRASE)
  expect(JSON.stringify(content.messages)).not.toContain('off the record')
  expect(content.messages.map(({ text }) => text)).toContain('as I said')
  expect(content.timers).toMatchObject([{ seconds: 0 }])
})
