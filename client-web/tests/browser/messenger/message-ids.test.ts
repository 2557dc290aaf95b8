/** A message is known by its sender and its id: nobody takes another's place by using the same id. */
import { expect, test } from 'vitest'
import { encodeContent } from '@/messenger/contents/codec'
import { parseRefKey } from '@/messenger/core/message-record'
import { conversationWith } from '@/messenger/contract'
import type { Client } from '../../support/client'
import { settledClients } from '../../support/client'
import { forgedFor } from '../../support/forged'
import { saying } from '../../support/saying'
import type { TestRelay } from '../../support/test-relay'
import { until } from '../../support/wait'

/** A stranger's message under an id of their choice. */
async function strangersMessage(relay: TestRelay, to: Client, id: string, text: string) {
  const userId = crypto.randomUUID()
  const forged = await forgedFor(relay, to.name, (identity) =>
    encodeContent({
      v: 1,
      type: 'text',
      id,
      from: { user_id: userId, device_id: 1, username: 'mallory', identity },
      to: to.userId,
      n: 1,
      sent_at: Date.now(),
      text,
    }),
  )
  const from = { user_id: userId, device_id: 1 }
  relay.deliver(relay.user(to.name), relay.device(to.name), { ...forged, from })
  await until(() => to.shown.waiting.some((one) => one.userId === userId), 'a request')
  return userId
}

const ids = (client: Client) => client.shown.messages.map(({ id }) => parseRefKey(id))

test('a stranger and a contact use the ids of others', async () => {
  let stolen: string | null = null
  const engine = saying((content) =>
    stolen && content['type'] === 'text' ? { ...content, id: stolen } : content,
  )
  const { relay, anna, bob } = await settledClients({ engine })
  const idOf = (client: Client, text: string) =>
    client.shown.messages.find((one) => one.text === text)?.id ?? ''
  const [hers, his] = [idOf(bob, 'hello'), idOf(bob, 'hello back')]
  const [hersAsSent, hisAsSent] = [parseRefKey(hers)?.id ?? '', parseRefKey(his)?.id ?? '']

  // A stranger's message under the id of Anna's message is one of its own, under that id.
  const mallory = await strangersMessage(relay, bob, hersAsSent, 'not from Anna')
  await bob.messenger.openConversation(conversationWith(mallory))
  expect(bob.received()).toEqual(['not from Anna'])
  expect(ids(bob)).toEqual([{ sender: mallory, id: hersAsSent }])
  const hits = await bob.messenger.search('hello')
  expect(hits.map(({ message }) => message.text).toSorted()).toEqual(['hello', 'hello back'])
  // Nor does deleting it touch hers.
  await bob.messenger.deleteForMe(conversationWith(mallory), [bob.shown.messages[0]?.id ?? ''])
  expect(bob.received()).toEqual([])
  await bob.messenger.openConversation(anna.chat)
  expect(bob.flow()).toEqual(['hello', 'hello back'])

  // Anna writes under the id of Bob's own message.
  stolen = hisAsSent
  await anna.messenger.sendText(bob.chat, 'instead of yours')
  await until(() => bob.received().includes('instead of yours'), 'received')
  stolen = null
  const theft = idOf(bob, 'instead of yours')
  expect(parseRefKey(theft)).toEqual({ sender: anna.userId, id: hisAsSent })
  expect(theft).not.toBe(his)
  // What she says of that id is about Bob's message, not about her own.
  await anna.messenger.markRead(bob.chat)
  await until(() => bob.statuses()[0] === 'read', 'read', 15_000)
  expect(bob.shown.messages.find(({ id }) => id === theft)?.status).toBe('received')
  // A reply quotes the one that was meant.
  await bob.messenger.reply(anna.chat, 'to yours', theft)
  expect(bob.shown.messages.at(-1)?.replyTo).toMatchObject({ excerpt: 'instead of yours' })
  await bob.messenger.reply(anna.chat, 'to mine', his)
  expect(bob.shown.messages.at(-1)?.replyTo).toMatchObject({ excerpt: 'hello back' })

  // Both are in a backup and out of it again; what is deleted is the one that was meant.
  const { file } = await bob.messenger.createBackup('seven plain words for a backup')
  await bob.messenger.deleteForMe(anna.chat, [theft])
  expect(bob.flow()).toEqual(['hello', 'hello back', 'to yours', 'to mine'])
  await bob.messenger.restoreBackup(file, 'seven plain words for a backup')
  await bob.messenger.openConversation(anna.chat)
  expect(bob.flow()).toEqual(['hello', 'hello back', 'instead of yours', 'to yours', 'to mine'])
})
