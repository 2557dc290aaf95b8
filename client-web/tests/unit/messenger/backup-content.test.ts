/** What a backup holds: its format is its own, and files of every version are read. */
import { decode, encode } from '@msgpack/msgpack'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromBase64, own, utf8 } from '@/crypto/bytes'
import { readContent, writeContent } from '@/messenger/backup/backup-content'
import type { BackupContent } from '@/messenger/backup/backup-mapping'
import { conversationWith, defaultSettings, personIn } from '@/messenger/contract'
import { blankMessage, newRecipient } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { readBackup, readPlain, writePlain } from '../../support/backup'

const bob = '11111111-1111-4111-8111-111111111111'
const withBob = conversationWith(bob)
const PASSPHRASE = 'seven plain words for a backup'
const key = (length: number, first: number) => own(new Uint8Array(length).fill(first))

const message = (over: Partial<MessageRecord> = {}): MessageRecord => ({
  ...blankMessage,
  id: crypto.randomUUID(),
  sender: bob,
  conversation: withBob,
  kind: 'text',
  text: 'hello',
  sentAt: 1,
  order: 1,
  ...over,
})

const content = (messages: MessageRecord[]): BackupContent => ({
  createdAt: 5,
  account: {
    userId: crypto.randomUUID(),
    username: 'anna',
  },
  settings: { ...defaultSettings, theme: 'dark' },
  contacts: [
    {
      userId: bob,
      username: 'bob',
      identity: key(33, 5),
      verified: true,
      verifiedAt: 3,
      changed: { identity: key(33, 6), at: 4, times: 2, notice: 'n' },
      relation: 'contact',
      blocked: false,
      addedAt: 2,
      devices: null,
    },
  ],
  conversations: [
    { id: withBob, last: null, activeAt: 5, unread: 1, muted: true, archived: false, lastOrder: 0 },
  ],
  messages,
  marks: [
    {
      sender: bob,
      id: '22222222-2222-4222-8222-222222222222',
      conversation: withBob,
      starred: { on: true, at: 3, device: 1 },
    },
  ],
})

const identity = {
  keyPair: { publicKey: key(33, 5), privateKey: key(32, 1) },
  registrationId: 7,
}

const code = (plain: Uint8Array<ArrayBuffer>): unknown => {
  try {
    return readPlain(plain)
  } catch (error) {
    return (error as { code?: string }).code
  }
}

test('comes back as it was', () => {
  const all = content([
    message(),
    message({
      sender: null,
      replyTo: { sender: bob, id: crypto.randomUUID(), known: true, excerpt: 'hello' },
      writtenAt: 9,
      recipients: [newRecipient(bob, { status: 'read', acceptedAt: 1, deliveredAt: 2, readAt: 3 })],
    }),
    message({ sender: null, kind: 'notice', text: '', notice: { type: 'gap', count: 2 } }),
    message({ kind: 'deleted', text: '' }),
    message({
      edited: { said: { device: 1, n: 2, at: 3 }, before: [{ text: 'hallo', at: 1 }] },
      reactions: [{ by: null, emoji: '👍', said: { device: 1, n: 2, at: 3 } }],
    }),
  ])
  expect(readContent(writeContent(all))).toEqual(all)
})

describe('contents of unknown types', () => {
  const kept = (fields: object) => own(utf8(JSON.stringify({ v: 1, ...fields })))
  const unknown = (fields: { type: string; text?: string }, silent = false): MessageRecord =>
    message({
      kind: 'unknown',
      text: 'A poll',
      unknown: { named: fields.type, silent, bytes: kept(fields) },
    })

  test('are in it as they came, silent ones too', () => {
    const all = content([unknown({ type: 'poll' }), unknown({ type: 'star' }, true)])
    expect(readContent(writeContent(all))).toEqual(all)
  })

  test('are what they are in a build that knows the type', () => {
    const [read] = readContent(
      writeContent(content([unknown({ type: 'text', text: 'T' })])),
    ).messages
    expect(read).toMatchObject({ kind: 'text', text: 'T' })
    expect(read).not.toHaveProperty('unknown')
  })

  test('that a newer build knew are shown as unknown', () => {
    const file = decode(writeContent(content([message()]))) as { messages: object[] }
    const newer = { ...file, messages: file.messages.map((one) => ({ ...one, kind: 'poll' })) }
    const [read] = readContent(own(encode(newer))).messages
    expect(read).toMatchObject({ kind: 'unknown', text: 'hello', unknown: { named: 'poll' } })
  })
})

describe('of a newer build', () => {
  const newer = (change: (one: Record<string, unknown>) => object) => {
    const all = content([message({ sender: null, recipients: [newRecipient(bob)] }), message()])
    const file = decode(writeContent(all)) as { messages: Record<string, unknown>[] }
    const messages = file.messages.map((one, at) => (at === 0 ? change(one) : one))
    return own(encode({ ...file, messages }))
  }

  test('a notice that this one has no words for is passed over, the rest is read', () => {
    const notice = { type: 'timer_set', seconds: 60 }
    const read = readContent(newer((one) => ({ ...one, kind: 'notice', notice }))).messages
    expect(read.map(({ text }) => text)).toEqual(['hello'])
  })

  test('a reason for not sending that this one has no words for is one of ours', () => {
    const recipients = [{ ...newRecipient(bob), problem: 'too_old' }]
    const [read] = readContent(newer((one) => ({ ...one, recipients }))).messages
    expect(read?.recipients).toMatchObject([{ problem: 'refused' }])
  })

  test('a notice that it knows must still be whole', () => {
    const damaged = newer((one) => ({ ...one, kind: 'notice', notice: { type: 'gap' } }))
    expect(() => readContent(damaged)).toThrow(expect.objectContaining({ code: 'backup_damaged' }))
  })
})

interface Golden {
  version: number
  bytes: string
  /** Byte strings as `{ bytes: base64 }`. */
  means: { account: { identity: unknown } }
}

/** Contents as builds wrote them: a line never changes and never goes. */
const golden = JSON.parse(readFileSync('tests/fixtures/golden-backups.json', 'utf8')) as Golden[]

test.each(golden)('version $version is read as it was meant', ({ bytes, means }) => {
  const read: unknown = JSON.parse(
    JSON.stringify(readPlain(fromBase64(bytes)), (_name, part: unknown) =>
      part instanceof Uint8Array ? { bytes: Buffer.from(part).toString('base64') } : part,
    ),
  )
  // The engine reads the identity, the page the rest.
  const { account, ...rest } = means
  const { identity: meant, ...shown } = account
  // Those were written before messages had marks.
  expect(read).toEqual({ content: { marks: [], ...rest, account: shown }, identity: meant })
})

test('the newest version is still written as its golden bytes were', () => {
  const newest = golden.at(-1)
  const bytes = fromBase64(newest?.bytes ?? '')
  expect(decode(writePlain(readPlain(bytes)))).toEqual(decode(bytes))
})

test('damaged or of a later version is refused', () => {
  const whole = writePlain({ content: content([message()]), identity })
  const file = decode(whole) as Record<string, unknown>
  const packed = (over: object) => own(encode({ ...file, ...over }))
  expect(code(packed({ v: 3 }))).toBe('backup_too_new')
  expect(code(packed({ v: 'x' }))).toBe('backup_too_new')
  expect(code(own(encode([1])))).toBe('backup_damaged')
  for (const over of [
    { messages: [{}] },
    { contacts: null },
    { conversations: [7] },
    { account: { userId: bob, username: 'anna', identity: null } },
    { settings: { theme: 'pink' } },
  ]) {
    expect(code(packed(over)), JSON.stringify(over)).toBe('backup_damaged')
  }
})

test('a file of the build of 2026-11-29 (commit 4f06508) is read', async () => {
  const file = fromBase64(
    readFileSync('tests/fixtures/backup-2026-11-29.base64', 'utf8').replaceAll('\n', ''),
  )
  const { content: read } = await readBackup(file, PASSPHRASE)
  expect(read.account).toMatchObject({ username: 'anna' })
  expect(read.settings).toEqual({ ...defaultSettings, theme: 'dark' })
  const people = read.contacts.map(({ username, relation }) => [username, relation])
  expect(people.toSorted()).toEqual([
    ['bob', 'contact'],
    ['carol', 'request'],
  ])
  expect(read.contacts.find(({ username }) => username === 'bob')).toMatchObject({ verified: true })
  const flow = read.messages.toSorted((x, y) => x.order - y.order)
  expect(flow).toMatchObject([
    { kind: 'notice', notice: { type: 'verified' }, sender: null, recipients: [] },
    { text: 'hello', sender: null, recipients: [{ status: 'read' }] },
    { text: 'hello back', recipients: [], replyTo: { sender: null, known: true } },
    { text: 'may I?', recipients: [] },
    { text: 'still waiting', sender: null, recipients: [{ status: 'waiting' }] },
  ])
  expect(flow.map(({ sender, conversation }) => sender === personIn(conversation))).toEqual([
    false,
    false,
    true,
    true,
    false,
  ])
})
