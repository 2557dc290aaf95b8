/** Another root key: what opened the data before opens nothing that lies there afterwards. */
import { expect, test } from 'vitest'
import { random } from '@/crypto/bytes'
import { webDeviceKeys } from '@/platform/web'
import { Changes } from '@/storage/changes'
import { openDatabase } from '@/storage/database'
import { forget, reseal } from '@/storage/reseal'
import { Sealer } from '@/storage/sealer'
import { Store } from '@/storage/store'
import { Vault } from '@/storage/vault'
import { copied, dump, openStore, raw, rawMessages } from '../../support/storage'
import type { OpenedStore } from '../../support/storage'

const PASSPHRASE = 'correct horse battery'
const COUNT = 1_203
const row = (i: number) => ({
  id: `message-${i}`,
  conversation: 'anna',
  order: i + 1,
  text: `${i}`,
})

/** One of everything that has a key of its own kind, and more messages than one batch. */
async function lived(): Promise<OpenedStore> {
  const opened = await openStore()
  const changes = new Changes()
    .put('records', 'account', { username: 'bob' })
    .put('contacts', 'anna', { userId: 'anna' })
    .write(raw('prekeys'), 7, { id: 7 })
    .put('outbox', 1, { key: 1 })
  for (let i = 0; i < COUNT; i++) changes.writeMessage(rawMessages(), row(i))
  await opened.store.commit(changes)
  return opened
}

async function expectEverything(store: Store): Promise<void> {
  expect(await store.get(raw('records'), 'account')).toEqual({ username: 'bob' })
  expect(await store.keys('contacts')).toEqual(['anna'])
  expect(await store.get(raw('prekeys'), 7)).toEqual({ id: 7 })
  expect(await store.get(raw('outbox'), 1)).toEqual({ key: 1 })
  const last = [COUNT - 2, COUNT - 1].map(row)
  expect(await store.page(rawMessages(), 'anna', Infinity, 2)).toEqual(last)
  expect(await store.messagesWithId(rawMessages(), 'message-17', () => true)).toEqual([row(17)])
  expect(await store.countMessages()).toBe(COUNT)
}

/** The start of the app, with what opens the vault. */
async function start(name: string, passphrase: string | null) {
  const db = await openDatabase(name)
  const root = await new Vault(db, webDeviceKeys(`${name}-keys`)).unlock(passphrase)
  const store = new Store(db, new Sealer(root))
  await store.takeFence()
  await forget(db)
  return { db, store }
}

test('everything opens under the new root, and nothing of it under the one that lay there before', async () => {
  const { db, vault, sealer, name } = await lived()
  const before = await copied(db, `${name}-before`)
  const oldRoot = await new Vault(before, webDeviceKeys(`${name}-keys`)).unlock(null)
  const { root: other } = await vault.renew(PASSPHRASE)
  const { root, entry } = await vault.renew(PASSPHRASE)
  const shown: string[] = []
  await reseal(db, { from: sealer, to: new Sealer(root), entry }, (done, total) =>
    shown.push(`${done}/${total}`),
  )
  expect(shown.at(-1)).toBe(`${COUNT + 4}/${COUNT + 4}`)
  for (const stranger of [oldRoot, other]) {
    const store = new Store(db, new Sealer(stranger))
    expect(await store.get(raw('records'), 'account')).toBeNull()
    expect(await store.all(raw('records'))).toEqual([])
    expect(await store.keys('contacts')).toEqual([])
    await expect(store.get(raw('prekeys'), 7)).rejects.toMatchObject({ code: 'damaged' })
    for await (const batch of store.everyMessage(rawMessages())) expect(batch).toEqual([])
  }
  // The wrapping that lay there before is the key to the copy only, not to what lies there now.
  const left = await dump(db)
  for (const key of await before.getAllKeys('contacts')) expect(left).not.toContain(key)
  db.close()
  await expect(start(name, null)).rejects.toMatchObject({ code: 'locked' })
  const again = await start(name, PASSPHRASE)
  await expectEverything(again.store)
  again.db.close()
  before.close()
})

test('a page that ends while it seals leaves everything as it was, at whatever record', async () => {
  const { db, vault, sealer, name } = await lived()
  for (const end of [1, 3, 600, COUNT + 4]) {
    const { root, entry } = await vault.renew(PASSPHRASE)
    const to = new Sealer(root)
    const seal = to.seal.bind(to)
    let sealed = 0
    to.seal = (place, value) => {
      if (++sealed >= end) throw new Error('the page ended')
      return seal(place, value)
    }
    await expect(reseal(db, { from: sealer, to, entry })).rejects.toThrow()
    const again = await start(name, null)
    await expectEverything(again.store)
    expect(await again.db.count('staged')).toBe(0)
    again.db.close()
  }
  db.close()
})

test('a tab that leads no more changes nothing', async () => {
  const { db, vault, sealer, name } = await lived()
  const { root, entry } = await vault.renew(PASSPHRASE)
  const other = await openDatabase(name)
  let took = false
  await expect(
    reseal(db, { from: sealer, to: new Sealer(root), entry }, () => {
      // Between the first batch and the next.
      if (!took) void new Store(other, sealer).takeFence()
      took = true
    }),
  ).rejects.toMatchObject({ code: 'fenced' })
  other.close()
  db.close()
  const again = await start(name, null)
  await expectEverything(again.store)
  again.db.close()
})

test('records that open under no key are left out', async () => {
  const { db, vault, sealer, name } = await lived()
  await db.put('contacts', random(60), 'damaged')
  const { root, entry } = await vault.renew(PASSPHRASE)
  await reseal(db, { from: sealer, to: new Sealer(root), entry })
  db.close()
  const again = await start(name, PASSPHRASE)
  await expectEverything(again.store)
  expect(await again.db.getAllKeys('contacts')).not.toContain('damaged')
  again.db.close()
})
