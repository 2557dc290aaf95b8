import { describe, expect, test } from 'vitest'
import { Changes } from '@/storage/changes'
import { stored } from '@/storage/stored'
import { dump, openStore, raw, rawMessages } from '../../support/storage'

const row = (conversation: string, order: number, text = `text ${order}`) => ({
  id: `${conversation}-${order}`,
  conversation,
  order,
  text,
})

describe('sealed records', () => {
  test('come back as they were, and nothing of them is readable at rest', async () => {
    const { store, db } = await openStore()
    const value = { secret: 'CANARY-7f3a', key: new Uint8Array([1, 2, 3]), none: null }
    await store.commit(
      new Changes()
        .put('records', 'account', value)
        .writeMessage(rawMessages(), row('c', 1, 'CANARY-7f3a')),
    )
    expect(await store.get(raw('records'), 'account')).toEqual(value)
    expect(await dump(db)).not.toContain('CANARY')
  })

  test('do not open in another place', async () => {
    const { store, db, sealer } = await openStore()
    await store.commit(new Changes().put('contacts', 'anna', { trust: 'verified' }))
    await store.commit(new Changes().put('contacts', 'mallory', { trust: 'changed' }))
    const annas = await sealer.names.of('contacts', 'anna')
    const mallorys = await sealer.names.of('contacts', 'mallory')
    await db.put('contacts', (await db.get('contacts', annas)) as never, mallorys)
    await expect(store.get(raw('contacts'), 'mallory')).rejects.toMatchObject({ code: 'damaged' })
    expect(await store.get(raw('contacts'), 'anna')).toEqual({ trust: 'verified' })
  })

  test('do not open with a changed byte', async () => {
    const { store, db, sealer } = await openStore()
    await store.commit(new Changes().put('records', 'x', 'value'))
    const name = await sealer.names.of('records', 'x')
    const sealed = (await db.get('records', name)) as Uint8Array<ArrayBuffer>
    for (let at = 0; at < sealed.length; at += 5) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] as number) ^ 1
      await db.put('records', changed, name)
      await expect(store.get(raw('records'), 'x')).rejects.toMatchObject({ code: 'damaged' })
    }
  })

  test('that do not open are left out where several are read, and counted once', async () => {
    const { store, db } = await openStore()
    const changes = new Changes()
    for (let order = 1; order <= 9; order++) changes.writeMessage(rawMessages(), row('c', order))
    for (const name of ['anna', 'bob', 'eve']) changes.put('contacts', name, name)
    await store.commit(changes)
    const broken = await db.getAllKeys('messages')
    for (const key of [broken[2], broken[7], broken[8]]) {
      const entry = await db.get('messages', key as never)
      if (entry) await db.put('messages', { ...entry, data: entry.data.slice(0, -1) }, key as never)
    }
    const [contact] = await db.getAllKeys('contacts')
    await db.put('contacts', new Uint8Array(40), contact as never)

    const newest = await store.page(rawMessages<{ order: number }>(), 'c', Infinity, 4)
    expect(newest.map((one) => one.order)).toEqual([4, 5, 6, 7])
    const older = await store.page(rawMessages<{ order: number }>(), 'c', 4, 4)
    expect(older.map((one) => one.order)).toEqual([1, 2])
    expect(await store.all(raw('contacts'))).toHaveLength(2)
    expect(await store.keys('contacts')).toHaveLength(2)
    expect(store.damaged).toBe(4)
    expect(await store.messagesWithId(rawMessages(), 'c-3', () => true)).toEqual([])
  })

  test('keys are those of records of every version, and no record is damaged for it', async () => {
    const { store } = await openStore()
    const read = (value: unknown): unknown => value
    const changes = new Changes().put('contacts', 'first', 1)
    changes.write(stored('contacts', read, read, read), 'third', 3)
    await store.commit(changes)
    expect((await store.keys('contacts')).toSorted()).toEqual(['first', 'third'])
    expect(store.damaged).toBe(0)
  })

  test('what waits for a commit runs after it, in order; after a failed one, never', async () => {
    const { store, name } = await openStore()
    const seen: unknown[] = []
    const written = (): Promise<unknown> => store.get(raw('records'), 'x')
    const changes = new Changes().put('records', 'x', 1)
    changes.whenStored(() => seen.push('first', written()))
    changes.whenStored(() => seen.push('second'))
    await store.commit(changes)
    expect(seen).toEqual(['first', expect.any(Promise), 'second'])
    expect(await seen[1]).toBe(1)
    await store.commit(changes)
    expect(seen, 'each runs once').toHaveLength(3)
    await store.commit(new Changes().whenStored(() => seen.push('of nothing to write')))
    expect(seen.at(-1)).toBe('of nothing to write')

    await (await openStore(name)).store.takeFence()
    const late = new Changes().put('records', 'x', 2).whenStored(() => seen.push('fenced'))
    await expect(store.commit(late)).rejects.toMatchObject({ code: 'fenced' })
    expect(seen).not.toContain('fenced')
  })

  test('survive closing and opening', async () => {
    const { store, db, name } = await openStore()
    await store.commit(new Changes().put('records', 'x', [1, 2]))
    db.close()
    const again = await openStore(name)
    expect(await again.store.get(raw('records'), 'x')).toEqual([1, 2])
  })
})

describe('a commit', () => {
  test('is all or nothing', async () => {
    const { store } = await openStore()
    const changes = new Changes().put('records', 'good', 1)
    changes.put('records', [new Date('nonsense')] as never, 2)
    await expect(store.commit(changes)).rejects.toThrow()
    expect(await store.get(raw('records'), 'good')).toBeNull()
  })

  test('of a tab that no longer leads fails and writes nothing', async () => {
    const { store, name } = await openStore()
    const successor = await openStore(name)
    await expect(store.commit(new Changes().put('records', 'x', 'old'))).rejects.toMatchObject({
      code: 'fenced',
    })
    await successor.store.commit(new Changes().put('records', 'x', 'new'))
    expect(await successor.store.get(raw('records'), 'x')).toBe('new')
  })

  test('after wiping says locked', async () => {
    const { store, sealer } = await openStore()
    await store.commit(new Changes().put('records', 'x', 1))
    sealer.wipe()
    await expect(store.commit(new Changes().put('records', 'x', 2))).rejects.toMatchObject({
      code: 'locked',
    })
    await expect(store.get(raw('records'), 'x')).rejects.toMatchObject({ code: 'locked' })
  })
})

describe('messages', () => {
  test('are read in pages, newest page first, ascending inside', async () => {
    const { store } = await openStore()
    const changes = new Changes()
    for (let i = 1; i <= 130; i++) changes.writeMessage(rawMessages(), row('c', i))
    changes.writeMessage(rawMessages(), row('other', 5))
    await store.commit(changes)
    const newest = await store.page(rawMessages<{ order: number }>(), 'c', Infinity, 50)
    expect(newest.map((m) => m.order)).toEqual(Array.from({ length: 50 }, (_, i) => 81 + i))
    const older = await store.page(rawMessages<{ order: number }>(), 'c', 81, 100)
    expect(older.map((m) => m.order)).toEqual(Array.from({ length: 80 }, (_, i) => 1 + i))
    const after = await store.pageAfter(rawMessages<{ order: number }>(), 'c', 81, 30)
    expect(after.map((m) => m.order)).toEqual(Array.from({ length: 30 }, (_, i) => 82 + i))
    expect(await store.pageAfter(rawMessages(), 'c', 130, 30)).toEqual([])
    expect(await store.messagesWithId(rawMessages(), 'c-7', () => true)).toEqual([row('c', 7)])
    expect(await store.messagesWithId(rawMessages(), 'nothing', () => true)).toEqual([])
  })

  test('of one conversation are removed together', async () => {
    const { store } = await openStore()
    await store.commit(
      new Changes()
        .writeMessage(rawMessages(), row('a', 1))
        .writeMessage(rawMessages(), row('a', 2))
        .writeMessage(rawMessages(), row('b', 1)),
    )
    await store.commit(new Changes().removeConversation('a'))
    expect(await store.page(rawMessages(), 'a', Infinity, 10)).toEqual([])
    expect(await store.countMessages()).toBe(1)
  })

  test('are all visited once, whatever the batch', async () => {
    const { store } = await openStore()
    const changes = new Changes()
    for (let i = 0; i < 25; i++) changes.writeMessage(rawMessages(), row(`c${i % 3}`, i))
    await store.commit(changes)
    for (const batch of [1, 10, 25, 100]) {
      const seen: string[] = []
      for await (const rows of store.everyMessage(rawMessages<{ id: string }>(), batch)) {
        seen.push(...rows.map((m) => m.id))
      }
      expect(new Set(seen).size).toBe(25)
      expect(seen.length).toBe(25)
    }
  })
})
