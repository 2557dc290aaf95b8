import { expect, test } from 'vitest'
import { blankMessage } from '@/messenger/core/message-record'
import { messages } from '@/messenger/core/stored-records'
import { openDatabase } from '@/storage/database'
import { Sealer } from '@/storage/sealer'
import { Changes } from '@/storage/changes'
import { Store } from '@/storage/store'
import { Vault } from '@/storage/vault'
import { webDeviceKeys } from '@/platform/web'
import { conversationWith } from '@/messenger/contract'
import { acquaintedClients, Client } from '../../support/client'

/** Years of a chat. `VITE_HISTORY=50000` measures a longer one. */
const COUNT = Number(import.meta.env['VITE_HISTORY'] ?? 10_000)

/** Writes a long history straight into a client's store, as the years would. */
async function age(client: Client, person: string): Promise<void> {
  const db = await openDatabase(client.database)
  const root = await new Vault(db, webDeviceKeys(`${client.database}-keys`)).unlock(null)
  const store = new Store(db, new Sealer(root))
  await store.takeFence()
  for (let from = 0; from < COUNT; from += 2_000) {
    const changes = new Changes()
    for (let i = from; i < from + 2_000; i++) {
      const text = `Message ${i} about ${i % 997 === 0 ? 'Zitronenfalter' : 'the weather'} and other things`
      const id = crypto.randomUUID()
      changes.writeMessage(messages, {
        ...blankMessage,
        id,
        conversation: conversationWith(person),
        order: i + 1,
        kind: 'text',
        text,
        sentAt: i,
        sender: person,
      })
    }
    await store.commit(changes)
  }
  db.close()
}

test(
  `a history of ${COUNT} messages opens page by page and is searched`,
  { timeout: 180_000 },
  async ({ annotate }) => {
    const { anna, bob } = await acquaintedClients()
    bob.stop()
    anna.stop()
    await age(anna, bob.userId)
    const again = new Client('anna', anna.relay, {}, anna.database)
    const timed = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
      const start = performance.now()
      const result = await run()
      await annotate(`${what}: ${Math.round(performance.now() - start)} ms`, 'measured')
      return result
    }
    await timed('start', () => again.boot())
    await timed('open the chat', () => again.messenger.openConversation(bob.chat))
    expect(again.shown.messages.length).toBe(50)
    await timed('an older page', () => again.messenger.loadOlder(bob.chat))
    expect(again.shown.messages.length).toBe(150)
    const parts: number[] = []
    let first: () => void = () => undefined
    const partly = new Promise<void>((shown) => {
      first = shown
    })
    const searched = timed('first search, through the whole history', () =>
      again.messenger.search('zitronenfalter', 1000, (hits) => {
        parts.push(hits.length)
        first()
      }),
    )
    await timed('of that, until the newest were shown', () => partly)
    const hits = await searched
    expect(hits.length).toBe(Math.ceil(COUNT / 997))
    // It grew, and what was shown first was the newest.
    expect(parts).toEqual(parts.toSorted((a, b) => a - b))
    expect(parts[0]).toBeLessThan(hits.length)
    expect(hits.map(({ message }) => message.order)).toEqual(
      hits.map(({ message }) => message.order).toSorted((a, b) => b - a),
    )
    await timed('second search', () => again.messenger.search('message 4999', 1000))
    const inChat = await timed('search in the chat, all that holds it', () =>
      again.messenger.searchIn(bob.chat, 'weather'),
    )
    expect(inChat.length).toBe(COUNT - hits.length)
    const middle = COUNT / 2
    const dated = await timed('the first message of a day', () =>
      again.messenger.firstMessageSince(bob.chat, middle),
    )
    expect(dated?.sentAt).toBe(middle)
    expect(again.shown.messages.length).toBe(150)
    const oldest = await again.messenger.firstMessageSince(bob.chat, 0)
    const jumped = await timed('load back to the first message', () =>
      again.messenger.loadUntil(bob.chat, oldest?.id ?? ''),
    )
    expect(jumped).toBe(true)
    expect(again.shown.messages[0]?.text).toContain('Message 0 ')
    again.stop()
  },
)
