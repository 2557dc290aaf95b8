/** Devices, tabs, locks, backups: what happens to the same person in other places and times. */
import { describe, expect, test } from 'vitest'
import { openDatabase } from '@/storage/database'
import { RelayError } from '@/wire/errors'
import { conversationWith } from '@/messenger/contract'
import { acquaintedClients, Client } from '../../support/client'
import { hurry } from '../../support/hurry'
import { TestRelay } from '../../support/test-relay'
import { until } from '../../support/wait'

const PASSPHRASE = 'seven plain words for a backup'

describe('starting', () => {
  test('a reload finds everything; drafts and settings too', async () => {
    const { anna, bob } = await acquaintedClients()
    await anna.messenger.saveDraft(bob.chat, 'unfinished')
    await anna.messenger.setSetting('theme', 'dark')
    const again = await anna.reloaded()
    expect(again.shown.state).toMatchObject({ phase: 'ready' })
    expect(again.shown.settingsShown.theme).toBe('dark')
    expect(again.shown.conversations.get(bob.chat)).toMatchObject({
      draft: 'unfinished',
      last: { text: 'hello back' },
    })
  })

  test('a registration that broke off after the account was made is finished at the next start', async () => {
    hurry(20)
    const relay = new TestRelay()
    const cut = relay.wire(async ({ path }) => {
      if (path === '/v1/keys') throw new RelayError('no_answer')
    })
    const anna = new Client('anna', relay, { wire: cut })
    await anna.boot()
    await expect(anna.messenger.register('anna', 'correct horse battery')).rejects.toMatchObject({
      code: 'offline',
    })
    await expect(anna.messenger.register('other', 'correct horse battery')).rejects.toMatchObject({
      code: 'invalid',
    })
    const offline = await anna.reloaded()
    expect(offline.shown.state).toMatchObject({ phase: 'signed_out', knownUsername: 'anna' })
    const again = await offline.reloaded({ wholeBatches: true })
    expect(again.shown.state.phase).toBe('ready')
    expect(relay.device('anna').prekeys.length).toBe(100)
  })

  test('a registration goes on by itself when the relay is away for a moment', async () => {
    const relay = new TestRelay()
    let away = 2
    const flaky = relay.wire(async ({ path }) => {
      if (path === '/v1/keys' && away-- > 0) throw new RelayError('unavailable')
    })
    const anna = await Client.registered('anna', relay, { wire: flaky })
    expect(anna.shown.state.phase).toBe('ready')
  })

  test('bad credentials and bad names say so', async () => {
    const relay = new TestRelay()
    await Client.registered('anna', relay)
    const other = new Client('other', relay)
    await other.boot()
    const { messenger } = other
    await expect(messenger.register('anna', 'correct horse battery')).rejects.toMatchObject({
      code: 'username_taken',
    })
    await expect(messenger.register('An na', 'correct horse battery')).rejects.toMatchObject({
      code: 'invalid',
      details: { field: 'username' },
    })
    await expect(messenger.register('anna2', 'short')).rejects.toMatchObject({
      details: { field: 'password' },
    })
    await expect(messenger.login('anna', 'wrong password')).rejects.toMatchObject({
      code: 'bad_credentials',
    })
    await expect(messenger.sendText(conversationWith('x'), 'y')).rejects.toMatchObject({
      code: 'signed_out',
    })
  })

  test('signing out erases everything', async () => {
    const { anna } = await acquaintedClients()
    await anna.messenger.logout()
    expect(anna.shown.state).toMatchObject({ phase: 'signed_out', account: null })
    const db = await openDatabase(anna.database)
    for (const table of db.objectStoreNames) expect(await db.count(table)).toBe(0)
    db.close()
  })
})

describe('threat 30: two tabs', () => {
  test('only one leads; the other can take over, and no key is used twice', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const second = new Client('anna', relay, {}, anna.database)
    await second.boot()
    expect(second.shown.state.phase).toBe('elsewhere')
    await expect(second.messenger.sendText(bob.chat, 'x')).rejects.toMatchObject({
      code: 'locked',
    })
    await second.messenger.takeOver()
    expect(second.shown.state.phase).toBe('ready')
    await until(() => anna.shown.state.phase === 'elsewhere', 'the first let go')
    await second.messenger.sendText(bob.chat, 'from the second tab')
    await until(() => bob.received().includes('from the second tab'), 'sent')
    await anna.messenger.takeOver()
    await anna.messenger.sendText(bob.chat, 'from the first again')
    await until(() => bob.received().includes('from the first again'), 'sent')
    expect(bob.eventTypes()).not.toContain('undecryptable')
    expect(bob.eventTypes()).not.toContain('replay_refused')
  })
})

describe('the passphrase lock', () => {
  test('locks, wipes what is shown, and opens with the passphrase only', async () => {
    const { anna, bob } = await acquaintedClients()
    await expect(anna.messenger.lock()).rejects.toMatchObject({ code: 'invalid' })
    await anna.messenger.setPassphrase('open sesame now')
    const { chat } = anna
    await anna.messenger.lock()
    expect(anna.shown.state).toMatchObject({ phase: 'locked', account: null })
    expect([anna.shown.messages, anna.shown.contacts.size]).toEqual([[], 0])
    await expect(anna.messenger.sendText(bob.chat, 'x')).rejects.toMatchObject({ code: 'locked' })
    await expect(anna.messenger.unlock('guess')).rejects.toMatchObject({ code: 'wrong_passphrase' })
    await bob.messenger.sendText(chat, 'while locked')
    await anna.messenger.unlock('open sesame now')
    expect(anna.shown.state.phase).toBe('ready')
    await anna.messenger.openConversation(bob.chat)
    await until(() => anna.received().includes('while locked'), 'caught up')
    const again = await anna.reloaded()
    expect(again.shown.state.phase).toBe('locked')
  })
})

describe('several devices of one person', () => {
  test('restored from a backup: history, no warning to anyone, both get everything', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const { file, name } = await anna.messenger.createBackup(PASSPHRASE)
    expect(name).toMatch(/^sealstream-anna-\d{4}-\d\d-\d\d\.backup$/)
    const phone = await Client.loggedIn('anna', relay)
    expect(phone.shown.state.phase).toBe('needs_identity')
    await phone.messenger.restoreBackup(file, PASSPHRASE)
    expect(phone.shown.state.phase).toBe('ready')
    expect(phone.code).toBe(anna.code)
    expect(phone.eventTypes()).toContain('identity_restored')
    await phone.messenger.openConversation(bob.chat)
    expect(phone.flow()).toEqual(['hello', 'hello back'])

    await bob.messenger.sendText(anna.chat, 'to both')
    await until(() => anna.received().includes('to both'), 'first device')
    await until(() => phone.received().includes('to both'), 'second device')
    await phone.messenger.sendText(bob.chat, 'from the phone')
    await until(() => bob.received().includes('from the phone'), 'arrived')
    await until(() => anna.flow().includes('from the phone'), 'copied to the first')
    expect(anna.shown.messages.at(-1)).toMatchObject({
      direction: 'out',
      encryption: { origin: 'own_device' },
    })
    expect(bob.contact(anna)?.trust).toBe('unverified')
    expect(bob.flow()).not.toContain('gap')
    expect(bob.eventTypes()).not.toContain('identity_changed')
    // The same ciphertext only ever again under the same id.
    const calls = new Map<string, Set<string>>()
    for (const { payload } of relay.sends) {
      for (const { body } of payload.envelopes) {
        calls.set(String(body), (calls.get(String(body)) ?? new Set()).add(payload.id))
      }
    }
    expect([...calls.values()].every((ids) => ids.size === 1)).toBe(true)
  })

  test('a request accepted on one device is none any more on the other', async () => {
    const { relay, anna } = await acquaintedClients()
    const { file } = await anna.messenger.createBackup(PASSPHRASE)
    const phone = await Client.loggedIn('anna', relay)
    const carol = await Client.registered('carol', relay)
    await phone.messenger.restoreBackup(file, PASSPHRASE)
    await carol.messenger.addContactByCode(anna.code)
    await carol.messenger.sendText(anna.chat, 'may I?')
    for (const device of [anna, phone]) {
      await until(() => device.shown.waiting.length === 1, 'asked')
    }
    await phone.messenger.acceptRequest(carol.userId)
    await phone.messenger.sendText(carol.chat, 'of course')
    await until(() => anna.shown.conversations.has(carol.chat), 'copied')
    expect(anna.shown.waiting).toEqual([])
    expect(anna.contact(carol)?.relation).toBe('contact')
  })

  test('a bad backup changes nothing', async () => {
    const { relay, anna, bob } = await acquaintedClients()
    const { file } = await anna.messenger.createBackup(PASSPHRASE)
    const phone = await Client.loggedIn('anna', relay)
    const bytes = new Uint8Array(await file.arrayBuffer())
    const refused = (blob: Blob, passphrase: string, code: string) =>
      expect(phone.messenger.restoreBackup(blob, passphrase)).rejects.toMatchObject({ code })
    await refused(file, 'another passphrase', 'backup_wrong_password')
    await refused(new Blob([bytes.slice(0, -20)]), PASSPHRASE, 'backup_damaged')
    await refused(new Blob(['nonsense']), PASSPHRASE, 'backup_damaged')
    const bobs = await bob.messenger.createBackup(PASSPHRASE)
    await refused(bobs.file, PASSPHRASE, 'backup_other_account')
    expect(phone.shown.state.phase).toBe('needs_identity')
    expect(phone.shown.contacts.size).toBe(0)
    await phone.messenger.restoreBackup(file, PASSPHRASE)
    expect(phone.shown.state.phase).toBe('ready')
  })

  test('a backup holds no ratchet, no prekey and no token', async () => {
    const { anna } = await acquaintedClients()
    await expect(anna.messenger.createBackup('123456789012')).rejects.toMatchObject({
      code: 'weak_passphrase',
    })
    const { file } = await anna.messenger.createBackup(PASSPHRASE)
    const { openBackup } = await import('@/crypto/backup/backup-file')
    const { decode } = await import('@msgpack/msgpack')
    const plain = await openBackup(new Uint8Array(await file.arrayBuffer()), PASSPHRASE)
    const content = decode(plain) as Record<string, unknown>
    expect(Object.keys(content).sort()).toEqual(
      [
        'account',
        'contacts',
        'conversations',
        'createdAt',
        'messages',
        'settings',
        'timers',
        'v',
      ].sort(),
    )
    expect(JSON.stringify(content)).not.toMatch(/chainKey|rootKey|refresh_token|access_token/)
  })
})
