/** Messages that are forwarded: into which conversations, with what of them, and what becomes of their files. */
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { eraseSealedFiles } from '@/files/erase-sealed-files'
import { FORWARDED_TO, MOST_CHOSEN } from '@/messenger/contract'
import type { ConversationId, Message, NewFile } from '@/messenger/contract'
import { blobRelay } from '../../support/blob-relay'
import { Client, settledClients } from '../../support/client'
import { until } from '../../support/wait'

beforeEach(async () => void (await blobRelay.anew()))

const SLOW = 30_000
const WORDS = 'sand and water'.repeat(900)
const picture: NewFile = {
  content: new Blob([WORDS]),
  name: 'beach.jpg',
  type: 'image/jpeg',
  width: 30,
  height: 20,
}
const textsOf = (client: Client) => client.shown.messages.map(({ text }) => text)
const withFiles = (client: Client) => client.shown.messages.filter(({ files }) => files)

/** Anna knows Bob and Cara. */
async function three() {
  const { relay, anna, bob } = await settledClients()
  const cara = await Client.registered('cara', relay)
  await anna.messenger.addContactByCode(cara.code)
  await cara.messenger.addContactByCode(anna.code)
  await cara.messenger.openConversation(anna.chat)
  onTestFinished(async () => {
    for (const { database } of [anna, bob, cara]) await eraseSealedFiles(database)
  })
  return { anna, bob, cara }
}

async function contentOf(client: Client, message: Message | undefined): Promise<string> {
  const file = message?.files?.[0]
  return (await client.messenger.openFile(message?.id ?? '', file?.id ?? '')).text()
}

test('texts go in the order of their times, as own messages, and a draft stays', async () => {
  const { anna, bob, cara } = await three()
  const [hello, back] = anna.shown.messages
  const reply = await anna.messenger.reply(bob.chat, 'and the third', back?.id ?? '')
  await anna.messenger.saveDraft(cara.chat, 'half a sent')
  const notes = await anna.messenger.openNotes()
  await anna.messenger.forward([reply.id, back?.id ?? '', hello?.id ?? ''], [cara.chat, notes])
  await until(() => textsOf(cara).length === 3, 'arrived', SLOW)
  expect(textsOf(cara)).toEqual(['hello', 'hello back', 'and the third'])
  for (const { direction, replyTo } of cara.shown.messages) {
    expect([direction, replyTo]).toEqual(['in', null])
  }
  await anna.messenger.openConversation(notes)
  expect(textsOf(anna)).toEqual(['hello', 'hello back', 'and the third'])
  expect(anna.shown.conversations.get(cara.chat)?.draft).toBe('half a sent')
})

test('nothing of a forwarded message names who wrote it first', async () => {
  const { anna, bob, cara } = await three()
  await bob.messenger.sendText(anna.chat, 'between us')
  await until(() => textsOf(anna).includes('between us'), 'received')
  const original = anna.shown.messages.at(-1)
  await anna.messenger.forward([original?.id ?? ''], [cara.chat])
  await until(() => textsOf(cara).includes('between us'), 'arrived', SLOW)
  const copy = cara.shown.messages.at(-1)
  expect(copy?.id).not.toContain(original?.id.split('.').at(-1) ?? '')
  expect(JSON.stringify(copy)).not.toContain(bob.userId)
})

test.each(['the first is deleted for everyone', 'the copy is deleted for everyone'])(
  'a file that is forwarded stays where %s',
  async (which) => {
    const { anna, bob, cara } = await three()
    const first = await anna.messenger.sendFiles(bob.chat, [picture], 'the beach')
    await until(() => withFiles(bob).length === 1, 'sent', SLOW)
    await anna.messenger.forward([first.id], [cara.chat])
    await until(() => withFiles(cara).length === 1, 'forwarded', SLOW)
    const [theirs] = withFiles(cara)
    expect(theirs).toMatchObject({
      text: 'the beach',
      files: [{ name: 'beach.jpg', kind: 'image', width: 30, height: 20, size: WORDS.length }],
    })
    expect((await blobRelay.state()).blobs).toHaveLength(2)
    await anna.messenger.openConversation(cara.chat)
    const copy = anna.shown.messages.at(-1)
    const firstGoes = which.startsWith('the first')
    await anna.messenger.deleteForAll([firstGoes ? first.id : (copy?.id ?? '')])
    await until(async () => (await blobRelay.state()).blobs.length === 1, 'one is gone', SLOW)
    const [client, left] = firstGoes ? [cara, theirs] : [bob, withFiles(bob)[0]]
    expect(await contentOf(client, left)).toBe(WORDS)
    // Nor is the own copy of it on this device gone.
    if (firstGoes) expect(await contentOf(anna, copy)).toBe(WORDS)
    else expect(await contentOf(anna, first)).toBe(WORDS)
  },
)

test('a file that somebody else sent is fetched, and forwarded under a key of its own', async () => {
  const { anna, bob, cara } = await three()
  await bob.messenger.sendFiles(anna.chat, [picture], '')
  await until(() => withFiles(anna).length === 1, 'received', SLOW)
  const [theirs] = withFiles(anna)
  const notes = await anna.messenger.openNotes()
  await anna.messenger.forward([theirs?.id ?? ''], [cara.chat, notes])
  await until(() => withFiles(cara).length === 1, 'arrived', SLOW)
  await bob.messenger.deleteForAll([withFiles(bob)[0]?.id ?? ''])
  await until(() => withFiles(anna).length === 0, 'gone', SLOW)
  expect(await contentOf(cara, withFiles(cara)[0])).toBe(WORDS)
  await anna.messenger.openConversation(notes)
  expect(await contentOf(anna, withFiles(anna)[0])).toBe(WORDS)
})

test('a message that is deleted, or edited, while it is forwarded leaves as it is by then', async () => {
  const { anna, bob, cara } = await three()
  const gone = await anna.messenger.sendText(bob.chat, 'not for cara')
  const changed = await anna.messenger.sendText(bob.chat, 'teh')
  await anna.messenger.sendFiles(bob.chat, [picture], 'a picture')
  const shown = withFiles(anna).at(-1)
  await until(() => textsOf(bob).includes('a picture'), 'arrived', SLOW)
  const ids = [shown?.id ?? '']
  const deleted = anna.messenger
    .forward([...ids, gone.id], [cara.chat])
    .catch((error: unknown) => error)
  await anna.messenger.deleteForMe(bob.chat, [gone.id])
  expect(await deleted).toMatchObject({ code: 'gone' })
  const edited = anna.messenger.forward([...ids, changed.id], [cara.chat])
  await anna.messenger.edit(changed.id, 'the')
  await edited
  await until(() => textsOf(cara).length === 2, 'forwarded', SLOW)
  expect(textsOf(cara).toSorted()).toEqual(['a picture', 'the'])
})

test('what cannot be forwarded is not, and nothing of the rest is', async () => {
  const { anna, bob, cara } = await three()
  const [hello] = anna.shown.messages
  const id = hello?.id ?? ''
  const refused = async (ids: string[], to: ConversationId[], code: string) =>
    expect(anna.messenger.forward(ids, to)).rejects.toMatchObject({ code })
  await refused([], [cara.chat], 'invalid')
  await refused([id], [], 'invalid')
  await refused(
    [id],
    Array.from({ length: FORWARDED_TO + 1 }, () => cara.chat),
    'invalid',
  )
  await refused(
    Array.from({ length: MOST_CHOSEN + 1 }, () => id),
    [cara.chat],
    'invalid',
  )
  await refused([id, 'me.nothing'], [cara.chat], 'gone')
  await refused([id], [cara.chat, 'nobody' as ConversationId], 'not_found')
  const gone = await anna.messenger.sendText(bob.chat, 'never mind')
  await anna.messenger.deleteForAll([gone.id])
  await refused([id, gone.id], [cara.chat], 'gone')
  await anna.messenger.block(bob.userId)
  await refused([id], [cara.chat, bob.chat], 'blocked')
  // A file that the relay does not have any more.
  await anna.messenger.unblock(bob.userId)
  await bob.messenger.sendFiles(anna.chat, [picture], '')
  await until(() => withFiles(anna).length === 1, 'received', SLOW)
  await blobRelay.anew()
  await refused([id, withFiles(anna)[0]?.id ?? ''], [cara.chat], 'gone')
  expect(textsOf(cara)).toEqual([])
  expect(anna.shown.conversations.get(cara.chat)?.last).toBeNull()
})
