/** Messages that disappear: both people and all devices agree, and nothing of them is left when they are due. */
import { describe, expect, test } from 'vitest'
import { conversationWith } from '@/messenger/contract'
import { own } from '@/crypto/bytes'
import { openDatabase } from '@/storage/database'
import { RelayError } from '@/wire/errors'
import { readBackup } from '../../support/backup'
import { Client, settledClients, strangers } from '../../support/client'
import { keepMessages } from '../../support/full-disk'
import { hurry } from '../../support/hurry'
import { sayingFields } from '../../support/saying'
import { calm, until } from '../../support/wait'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const PASSPHRASE = 'seven plain words for a backup'

/** The clock of all devices; they may sleep. */
function clock() {
  const began = { ahead: 0 }
  return {
    options: { now: () => Date.now() + began.ahead },
    pass: (ms: number) => void (began.ahead += ms),
  }
}

const timer = (client: Client, other: Client) => client.shown.conversations.get(other.chat)?.timer
const last = (client: Client) => client.shown.messages.at(-1)
const notices = (client: Client) =>
  client.shown.messages.flatMap(({ notice }) => (notice?.type === 'timer' ? [notice] : []))

async function setBoth(anna: Client, bob: Client, seconds: number): Promise<void> {
  await anna.messenger.setTimer(bob.chat, seconds, 'in words')
  await until(() => timer(bob, anna) === seconds, 'known there')
}

async function sentContents({ database }: Client): Promise<number> {
  const db = await openDatabase(database)
  const count = await db.count('sent')
  db.close()
  return count
}

async function tell(from: Client, to: Client, text: string): Promise<string> {
  const { id } = await from.messenger.sendText(to.chat, text)
  await until(() => to.received().includes(text), text)
  await until(() => last(from)?.status !== 'waiting', 'accepted')
  return id
}

describe('a change', () => {
  test('is known on both sides, with a notice; the later one counts', async () => {
    const { anna, bob } = await settledClients()
    await setBoth(anna, bob, 3600)
    expect(notices(anna)).toEqual([{ type: 'timer', seconds: 3600, mine: true }])
    expect(notices(bob)).toEqual([{ type: 'timer', seconds: 3600, mine: false }])
    await setBoth(bob, anna, 0)
    expect(notices(anna).at(-1)).toEqual({ type: 'timer', seconds: 0, mine: false })
    await Promise.all([
      anna.messenger.setTimer(bob.chat, 60, 'x'),
      bob.messenger.setTimer(anna.chat, 300, 'x'),
    ])
    await until(() => anna.shown.link.waiting === 0 && bob.shown.link.waiting === 0, 'sent')
    await until(() => timer(anna, bob) === timer(bob, anna) && timer(anna, bob) !== 0, 'agreed')
    await calm()
    expect(timer(anna, bob)).toBe(timer(bob, anna))
    const again = await anna.reloaded()
    expect(timer(again, bob)).toBe(timer(bob, anna))
  })

  test('stays when the chat is deleted, and goes with the contact', async () => {
    const { anna, bob } = await settledClients()
    await setBoth(anna, bob, 3600)
    await bob.messenger.deleteConversation(anna.chat)
    await bob.messenger.openConversation(anna.chat)
    await tell(bob, anna, 'still short')
    expect(last(anna)?.expiry?.seconds).toBe(3600)
    await bob.messenger.removeContact(anna.userId)
    await bob.messenger.addContactByCode(anna.code)
    await bob.messenger.openConversation(anna.chat)
    await tell(bob, anna, 'from the start')
    expect(last(anna)?.expiry).toBeUndefined()
  })

  test('of somebody who is blocked or not accepted changes nothing', async () => {
    const { anna, bob } = await strangers()
    await anna.messenger.addContactByCode(bob.code)
    await anna.messenger.openConversation(bob.chat)
    await anna.messenger.setTimer(bob.chat, 60, 'x')
    await anna.messenger.sendText(bob.chat, 'hello')
    await until(() => bob.shown.waiting.length === 1, 'asked')
    await bob.messenger.acceptRequest(anna.userId)
    await bob.messenger.openConversation(anna.chat)
    expect(timer(bob, anna)).toBe(0)
    await bob.messenger.block(anna.userId)
    await expect(bob.messenger.setTimer(anna.chat, 60, 'x')).rejects.toMatchObject({
      code: 'blocked',
    })
    await anna.messenger.setTimer(bob.chat, 300, 'x')
    await until(() => anna.shown.link.waiting === 0, 'sent')
    await calm()
    await bob.messenger.unblock(anna.userId)
    expect(timer(bob, anna)).toBe(0)
    expect(notices(bob)).toEqual([])
  })

  test('that the relay never takes is not in force', async () => {
    const { relay, anna, bob } = await settledClients()
    relay.beforeSend = () => {
      throw new RelayError('too_large')
    }
    await anna.messenger.setTimer(bob.chat, 3600, 'x')
    expect(timer(anna, bob)).toBe(3600)
    await until(() => timer(anna, bob) === 0, 'taken back')
    expect(notices(anna).map(({ seconds }) => seconds)).toEqual([3600, 0])
  })

  test('that comes while an own one waits counts if the relay took it later', async () => {
    const { relay, anna, bob } = await settledClients({ now: () => Date.now() + 2 * HOUR })
    let held = true
    relay.beforeSend = ({ to }) => {
      if (held && to === bob.userId) throw new RelayError('unavailable')
    }
    await anna.messenger.setTimer(bob.chat, 3600, 'x')
    await bob.messenger.setTimer(anna.chat, 60, 'x')
    await until(() => timer(bob, anna) === 60, 'bob’s')
    await calm(100)
    expect(timer(anna, bob)).toBe(3600)
    held = false
    anna.messenger.reconnect()
    const again = await anna.reloaded()
    await until(() => timer(bob, again) === 3600, 'anna’s, which came later', 40_000)
    expect(timer(again, bob)).toBe(3600)
    await setBoth(bob, again, 300)
  })

  test('of more or less than is offered is refused', async () => {
    const { anna, bob } = await settledClients()
    for (const seconds of [1, -5, 7.5, 31 * 86_400]) {
      await expect(
        Promise.resolve().then(() => anna.messenger.setTimer(bob.chat, seconds, 'x')),
      ).rejects.toMatchObject({ code: 'invalid' })
    }
    await expect(
      anna.messenger.setTimer(conversationWith(crypto.randomUUID()), 60, 'x'),
    ).rejects.toMatchObject({ code: 'not_found' })
  })
})

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
    // Whatever gets a time looks at the clock again.
    await setBoth(anna, bob, 3600)
    await tell(anna, bob, 'the next')
    await bob.messenger.markRead(anna.chat)
    for (const one of [anna, bob]) {
      const reply = () => one.shown.messages.find(({ text }) => text === 'oh?')
      await until(() => !one.flow().includes('a secret word'), 'gone')
      await until(() => reply()?.replyTo?.known === false, 'the quote')
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
    const before = await sentContents(anna)
    pass(2 * MINUTE)
    const again = await anna.reloaded()
    // At the start, before anything else is sent.
    expect(await sentContents(again)).toBe(before - 1)
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
    for (const one of [anna, bob]) expect(last(one)?.expiry).toBeUndefined()
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
