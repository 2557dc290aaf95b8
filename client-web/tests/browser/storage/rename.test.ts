/** Threat 28: no key of a copied database tells an id; databases from before are brought along. */
import { openDB } from 'idb'
import { describe, expect, test } from 'vitest'
import { webDeviceKeys } from '@/platform/web'
import { openDatabase } from '@/storage/database'
import { rename } from '@/storage/rename'
import { migrations } from '@/storage/schema'
import type { Tables } from '@/storage/schema'
import { Sealer } from '@/storage/sealer'
import { Changes } from '@/storage/changes'
import { Store } from '@/storage/store'
import { Vault } from '@/storage/vault'
import { dump, freshName, raw, rawMessages } from '../../support/storage'

const ANNA = '11111111-aaaa-4aaa-8aaa-111111111111'
const MESSAGE = (i: number) => `22222222-bbbb-4bbb-8bbb-${String(i).padStart(12, '0')}`
const COUNT = 1_203

const row = (i: number) => ({ id: MESSAGE(i), conversation: ANNA, order: i + 1, text: `text ${i}` })

/** As the first version wrote it: ids in the clear, the value alone sealed. */
async function firstVersion(name: string) {
  const db = await openDB<Tables>(name, 1, {
    upgrade: (db, _from, _to, transaction) => migrations[0]?.(db, transaction),
  })
  const sealer = new Sealer(await new Vault(db, webDeviceKeys(`${name}-keys`)).create())
  const seal = async (place: string, value: unknown) => {
    const sealed = await sealer.seal(place, value)
    sealed[0] = 1
    return sealed
  }
  await db.put('contacts', await seal(`contacts/${ANNA}`, { userId: ANNA }), ANNA)
  await db.put('records', await seal('records/account', { username: 'bob' }), 'account')
  await db.put('sessions', await seal(`sessions/${ANNA}.1`, 'ratchet'), `${ANNA}.1`)
  await db.put('prekeys', await seal('prekeys/7', { id: 7 }), 7)
  const messages = await Promise.all(
    Array.from({ length: COUNT }, (_, i) => seal(`messages/${ANNA},${i + 1}`, row(i))),
  )
  const all = db.transaction('messages', 'readwrite')
  for (const [i, data] of messages.entries()) {
    void all.store.put({ id: MESSAGE(i), data }, [ANNA, i + 1])
  }
  await all.done
  db.close()
}

async function opened(name: string) {
  const db = await openDatabase(name)
  const sealer = new Sealer(await new Vault(db, webDeviceKeys(`${name}-keys`)).unlock(null))
  const store = new Store(db, sealer)
  await store.takeFence()
  return { db, sealer, store }
}

async function expectEverything(store: Store) {
  expect(await store.get(raw('contacts'), ANNA)).toEqual({ userId: ANNA })
  expect(await store.all(raw('records'))).toEqual([{ username: 'bob' }])
  expect(await store.keys('sessions')).toEqual([`${ANNA}.1`])
  expect(await store.get(raw('prekeys'), 7)).toEqual({ id: 7 })
  expect(await store.page(rawMessages(), ANNA, Infinity, 3)).toEqual(
    [COUNT - 3, COUNT - 2, COUNT - 1].map(row),
  )
  expect(await store.messagesWithId(rawMessages(), MESSAGE(17), () => true)).toEqual([row(17)])
  const visited: number[] = []
  for await (const batch of store.everyMessage(rawMessages<{ order: number }>())) {
    visited.push(...batch.map(({ order }) => order))
  }
  expect(visited).toEqual(Array.from({ length: COUNT }, (_, i) => COUNT - i))
}

describe('a database of the first version', () => {
  test('is brought along whole, and tells no id any more', async () => {
    const name = freshName()
    await firstVersion(name)
    const { db, sealer, store } = await opened(name)
    expect(await dump(db)).toContain(ANNA)
    await rename(db, sealer, store)
    await expectEverything(store)
    const left = await dump(db)
    for (const hidden of [ANNA, MESSAGE(17), 'account']) expect(left).not.toContain(hidden)
    db.close()
  })

  test('is brought along also when the page ended in the middle', async () => {
    const name = freshName()
    await firstVersion(name)
    const before = await opened(name)
    let commits = 0
    const half = {
      commit: (changes: Changes) => {
        // Enough for every small table and the first messages.
        if (++commits > 11) throw new Error('the page ended')
        return before.store.commit(changes)
      },
    } as Store
    await expect(rename(before.db, before.sealer, half)).rejects.toThrow('the page ended')
    before.db.close()
    const { db, sealer, store } = await opened(name)
    await rename(db, sealer, store)
    await expectEverything(store)
    expect(await dump(db)).not.toContain(ANNA)
    db.close()
  })

  test('keeps what does not open where it is, and brings the rest', async () => {
    const name = freshName()
    await firstVersion(name)
    const { db, sealer, store } = await opened(name)
    await db.put('contacts', new Uint8Array(60).fill(1), 'damaged')
    await rename(db, sealer, store)
    await expectEverything(store)
    expect(await db.getAllKeys('contacts')).toContain('damaged')
    db.close()
  })
})

test('an id has another name in each table, the same at each start, and none without the root', async () => {
  const root = (fill: number) =>
    crypto.subtle.importKey('raw', new Uint8Array(32).fill(fill), 'HKDF', false, ['deriveKey'])
  const sealer = new Sealer(await root(1))
  const first = await sealer.names.of('contacts', ANNA)
  expect(await new Sealer(await root(1)).names.of('contacts', ANNA)).toBe(first)
  expect(await new Sealer(await root(2)).names.of('contacts', ANNA)).not.toBe(first)
  expect(await sealer.names.of('conversations', ANNA)).not.toBe(first)
  sealer.wipe()
  await expect(sealer.names.of('contacts', ANNA)).rejects.toMatchObject({ code: 'locked' })
})
