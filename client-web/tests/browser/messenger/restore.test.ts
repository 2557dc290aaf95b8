/** A backup that is brought into a device in use: nothing is lost, doubled or used twice. */
import { afterEach, describe, expect, test } from 'vitest'
import { encode } from '@msgpack/msgpack'
import { own } from '@/crypto/bytes'
import { readContent } from '@/messenger/backup/content'
import type { BackupContent } from '@/messenger/backup/content'
import { openBackup, sealBackup } from '@/messenger/backup/format'
import { acquaintedClients, Client, until } from '../../support/client'
import { TestRelay } from '../../support/test-relay'

const PASSPHRASE = 'seven plain words for a backup'
const clients: Client[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.stop()
})

async function setUp() {
  const relay = new TestRelay()
  const { anna, bob } = await acquaintedClients(relay)
  clients.push(anna, bob)
  await until(() => anna.statuses()[0] === 'delivered', 'delivered')
  return { relay, anna, bob }
}

/** Anna's backup as another device of hers would have made it. */
async function backupOf(
  client: Client,
  change: (content: BackupContent) => Partial<BackupContent>,
): Promise<Blob> {
  const { file } = await client.messenger.createBackup(PASSPHRASE)
  const content = readContent(await openBackup(own(await file.arrayBuffer()), PASSPHRASE))
  const changed = { ...content, ...change(content) }
  return new Blob([await sealBackup(own(encode(changed, { ignoreUndefined: true })), PASSPHRASE)])
}

describe('into a device in use', () => {
  test('messages that two devices put in the same place are both there, in order, once', async () => {
    const { anna, bob } = await setUp()
    const file = await backupOf(anna, ({ messages }) => ({
      messages: messages.flatMap((one) => [
        one,
        { ...one, id: crypto.randomUUID(), text: `${one.text}, elsewhere` },
      ]),
    }))
    for (let time = 0; time < 2; time++) {
      await anna.messenger.restoreBackup(file, PASSPHRASE)
      await anna.messenger.openConversation(bob.userId)
      expect(anna.flow()).toEqual([
        'hello',
        'hello, elsewhere',
        'hello back',
        'hello back, elsewhere',
      ])
    }
    const orders = anna.shown.messages.map(({ order }) => order)
    expect(new Set(orders).size).toBe(4)
  })

  test('the list shows the newest of both, and what is written next comes after them', async () => {
    const { anna, bob } = await setUp()
    const later = Date.now() + 3_600_000
    const file = await backupOf(anna, ({ messages, conversations }) => {
      const [first] = messages
      if (!first) throw new Error('no message')
      const newer = {
        ...first,
        id: crypto.randomUUID(),
        text: 'written on the phone',
        order: later,
      }
      return {
        messages: [...messages, newer],
        conversations: conversations.map((chat) => ({ ...chat, last: newer, lastOrder: later })),
      }
    })
    await anna.messenger.setMuted(bob.userId, true)
    await anna.messenger.restoreBackup(file, PASSPHRASE)
    const shown = () => anna.shown.conversations.get(bob.userId)
    expect(shown()).toMatchObject({ last: { text: 'written on the phone' }, muted: true })
    await anna.messenger.openConversation(bob.userId)
    const { order } = await anna.messenger.sendText(bob.userId, 'the next one')
    expect(order).toBeGreaterThan(later)
    expect(anna.flow().slice(-2)).toEqual(['written on the phone', 'the next one'])
  })

  test('an older backup does not set the list back', async () => {
    const { anna, bob } = await setUp()
    const file = await backupOf(anna, () => ({}))
    await anna.messenger.sendText(bob.userId, 'since then')
    await anna.messenger.restoreBackup(file, PASSPHRASE)
    expect(anna.shown.conversations.get(bob.userId)?.last?.text).toBe('since then')
  })
})
