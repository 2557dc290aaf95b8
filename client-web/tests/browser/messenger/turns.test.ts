/** Whoever writes waits for their turn: what was deleted stays deleted, memory follows the disk. */
import { describe, expect, test } from 'vitest'
import { updateAccount } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import type { AccountRecord } from '@/messenger/core/records'
import { Serial } from '@/messenger/core/serial'
import { RelayError } from '@/wire/errors'
import { openDatabase } from '@/storage/database'
import { Client, settledClients, strangers, wireId } from '../../support/client'
import { beforeDecrypting } from '../../support/engine'
import { fillDisk } from '../../support/full-disk'
import { Gate } from '../../support/gate'
import { openStore, raw } from '../../support/storage'
import { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

/** Two acquainted clients; decryption, on either side, can be held. */
async function setUp() {
  const decryption = new Gate()
  const engine = beforeDecrypting(() => decryption.pass())
  return { decryption, ...(await settledClients({ engine })) }
}

/** Two who do not know each other; the keys that Anna asks for can be held. */
async function withHeldBundles() {
  const relay = new TestRelay()
  const bundles = new Gate()
  const wire = relay.wire(async ({ path }) => {
    if (path.includes('/bundles/')) await bundles.pass()
  })
  return { bundles, ...(await strangers({ anna: { wire } }, relay)) }
}

const count = async (
  client: Client,
  table: 'messages' | 'sessions' | 'contacts' | 'outbox' | 'drafts',
) => {
  const db = await openDatabase(client.database)
  const rows = await db.count(table)
  db.close()
  return rows
}

describe('while a message is being received', () => {
  test('its conversation is deleted: nothing of it comes back', async () => {
    const { decryption, anna, bob } = await setUp()
    const held = decryption.hold()
    await anna.messenger.sendText(bob.chat, 'too late')
    await held
    const deleted = bob.messenger.deleteConversation(anna.chat)
    decryption.release()
    await deleted
    expect(bob.flow()).toEqual([])
    await calm(100)
    expect(await count(bob, 'messages')).toBe(0)
    expect(bob.shown.conversations.get(anna.chat)?.last ?? null).toBeNull()
  })

  test('its conversation is deleted: a draft that was to be stored behind that goes, too', async () => {
    const { decryption, anna, bob } = await setUp()
    const held = decryption.hold()
    await anna.messenger.sendText(bob.chat, 'too late')
    await held
    const deleted = bob.messenger.deleteConversation(anna.chat)
    await calm(100)
    const stored = bob.messenger.saveDraft(anna.chat, 'never sent')
    decryption.release()
    await Promise.all([deleted, stored])
    expect(await count(bob, 'drafts')).toBe(0)
    await anna.messenger.sendText(bob.chat, 'still here')
    await until(() => bob.shown.conversations.has(anna.chat), 'the chat again')
    expect(bob.shown.conversations.get(anna.chat)?.draft).toBe('')
    await bob.messenger.saveDraft(anna.chat, 'written anew')
    expect(await count(bob, 'drafts')).toBe(1)
  })

  test('its sender is removed: neither the session nor the contact comes back', async () => {
    const { decryption, anna, bob } = await setUp()
    const held = decryption.hold()
    await anna.messenger.sendText(bob.chat, 'too late')
    await held
    const removed = bob.messenger.removeContact(anna.userId)
    decryption.release()
    await removed
    await calm(100)
    expect(await count(bob, 'contacts')).toBe(0)
    expect(await count(bob, 'sessions')).toBe(0)
    expect(await count(bob, 'messages')).toBe(0)
  })

  test('its request is declined: the conversation is gone, the person stays hidden', async () => {
    const { relay, decryption, anna, bob } = await setUp()
    const carol = await Client.registered('carol', relay)
    await carol.messenger.addContactByCode(bob.code)
    await carol.messenger.sendText(bob.chat, 'one')
    await until(() => bob.shown.waiting.length === 1, 'asked')
    const held = decryption.hold()
    await carol.messenger.sendText(bob.chat, 'two')
    await held
    const declined = bob.messenger.declineRequest(carol.userId)
    decryption.release()
    await declined
    await calm(100)
    expect(bob.shown.waiting).toEqual([])
    expect(bob.contact(carol)?.relation).toBe('hidden')
    expect(bob.shown.conversations.has(anna.chat)).toBe(true)
  })
})

describe('while a message is being prepared for sending', () => {
  test('it is deleted: it is not written back, and never leaves', async () => {
    const { relay, bundles, anna, bob } = await withHeldBundles()
    await anna.messenger.addContactByCode(bob.code)
    await anna.messenger.openConversation(bob.chat)
    const held = bundles.hold()
    const { id } = await anna.messenger.sendText(bob.chat, 'regretted')
    await held
    await anna.messenger.deleteForMe(bob.chat, [id])
    bundles.release()
    await anna.messenger.sendText(bob.chat, 'meant')
    await until(() => bob.shown.waiting.length === 1, 'the other one')
    expect(bob.shown.waiting[0]).toMatchObject({ last: { text: 'meant' }, count: 1 })
    expect(relay.sends.map(({ payload }) => payload.id)).not.toContain(wireId(id))
    await until(() => anna.shown.link.waiting === 0, 'nothing waits')
    expect(await count(anna, 'outbox')).toBe(0)
  })
})

test('locking in the middle of a step leaves nobody waiting for it after unlocking', async () => {
  const { decryption, anna, bob } = await setUp()
  await bob.messenger.setPassphrase('open sesame now')
  const held = decryption.hold()
  await anna.messenger.sendText(bob.chat, 'half received')
  await held
  const waiting = bob.messenger.markRead(anna.chat).catch(() => undefined)
  await bob.messenger.lock()
  const { chat } = anna
  await bob.messenger.unlock('open sesame now')
  await bob.messenger.saveDraft(chat, 'written after unlocking')
  decryption.release()
  await waiting
  await bob.messenger.openConversation(chat)
  await until(() => bob.received().includes('half received'), 'received after all')
  expect(bob.received()).toEqual(['hello', 'half received'])
})

test('a message that two generations of the app prepare at once uses one counter and one key', async () => {
  const { relay, bundles, anna, bob } = await withHeldBundles()
  await anna.messenger.addContactByCode(bob.code)
  await bob.messenger.addContactByCode(anna.code)
  await bob.messenger.openConversation(anna.chat)
  const { file } = await anna.messenger.createBackup('seven plain words for a backup')

  const held = bundles.hold()
  await anna.messenger.sendText(bob.chat, 'prepared twice')
  await held
  relay.beforeSend = () => {
    throw new RelayError('unavailable')
  }
  // What runs is put together anew; what was being prepared goes on behind it.
  await anna.messenger.restoreBackup(file, 'seven plain words for a backup')
  await until(() => relay.sends.length > 0, 'prepared by the new one')
  bundles.release()
  await calm(200)
  relay.beforeSend = () => undefined
  await until(() => bob.received().includes('prepared twice'), 'received')
  await anna.messenger.sendText(bob.chat, 'the next one')
  await until(() => bob.received().includes('the next one'), 'received')
  expect(bob.flow()).toEqual(['prepared twice', 'the next one'])
})

describe('when the disk is full', () => {
  test('a message that could not be stored is in no list either', async () => {
    const { anna, bob } = await setUp()
    fillDisk(anna.database)
    await expect(anna.messenger.sendText(bob.chat, 'lost')).rejects.toMatchObject({
      code: 'storage_full',
    })
    await anna.messenger.setMuted(bob.chat, true)
    const shown = () => anna.shown.conversations.get(bob.chat)
    expect(shown()).toMatchObject({ muted: true, last: { text: 'hello back' } })
    const before = shown()
    const again = await anna.reloaded()
    expect(again.shown.conversations.get(bob.chat)).toEqual(before)
    await again.messenger.openConversation(bob.chat)
    expect(again.flow()).toEqual(['hello', 'hello back'])
  })

  test('one that comes again is counted once, and its receipt is owed once', async () => {
    const { relay, anna, bob } = await setUp()
    await bob.messenger.closeConversation()
    relay.onEnvelope = (one, to) => {
      if (to.name === 'bob') {
        relay.onEnvelope = (any) => [any]
        fillDisk(bob.database)
      }
      return [one]
    }
    await anna.messenger.sendText(bob.chat, 'twice offered')
    await until(
      () => bob.shown.conversations.get(anna.chat)?.last?.text === 'twice offered',
      'stored at the second time',
    )
    const unread = bob.shown.conversations.get(anna.chat)?.unread
    const again = await bob.reloaded()
    expect(again.shown.conversations.get(anna.chat)?.unread).toBe(unread)
    // The first greeting and this one.
    expect(unread).toBe(2)
  })
})

test('what two parts change of the account at once does not undo each other', async () => {
  const { store, db } = await openStore()
  const account = { nextPrekeyId: 1, lastBackupAt: null } as AccountRecord
  const core = { store, serial: new Serial(), account } as Core
  await Promise.all([
    updateAccount(core, { nextPrekeyId: 101 }),
    updateAccount(core, { lastBackupAt: 7 }),
    updateAccount(core, { prekeysAvailable: 100 }),
  ])
  const both = { nextPrekeyId: 101, lastBackupAt: 7, prekeysAvailable: 100 }
  expect(core.account).toEqual(both)
  expect(await store.get(raw('records', 2), 'account')).toEqual(both)
  db.close()
})
