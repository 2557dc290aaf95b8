import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '@/crypto/bytes'
import { pad } from '@/crypto/padding'
import { asKnown, decodeContent, encodeContent } from '@/messenger/contents/codec'
import { isMessage, messageRuleOf, messageRules, typeOf } from '@/messenger/contents/registry'
import { MAX_FALLBACK } from '@/messenger/contents/unknown/unknown'
import { MAX_TEXT } from '@/text/sendable'
import type { AnyBody } from '@/messenger/contents/registry'
import { altered, anna, content, expected, id, me, problem } from '../../support/raw-content'

test('a content comes back as it was, in blocks of 160 bytes', () => {
  const bytes = encodeContent(content)
  expect(bytes.length % 160).toBe(0)
  expect(decodeContent(bytes, expected)).toEqual(content)
})

describe('threat 4: relabelled senders and recipients are refused', () => {
  test.each([
    ['another user', { from: { ...content.from, user_id: me } }, 'wrong_sender'],
    ['another device', { from: { ...content.from, device_id: 1 } }, 'wrong_sender'],
    ['another identity', { from: { ...content.from, identity: 'OTHER' } }, 'wrong_sender'],
    ['another recipient', { to: anna }, 'wrong_recipient'],
  ])('%s', (_name, patch, expectedProblem) => {
    expect(problem(altered(patch))).toBe(expectedProblem)
  })
})

const about = { user_id: anna, username: 'anna', identity: 'KEY' }

test.each([
  { what: 'read', ids: [id] },
  { what: 'read', upto: id },
  { what: 'contact', relation: 'removed' },
  { what: 'verified', verified: true },
  { what: 'block', blocked: false },
  { what: 'mute', muted: true },
  { what: 'mute', muted: true, until: 9 },
  { what: 'archive', archived: true },
  { what: 'pin', pinned: true },
  { what: 'nickname', nickname: 'Ma' },
  { what: 'nickname', nickname: null },
  { what: 'setting', name: 'theme', value: 'dark' },
  { what: 'deleted', ids: [id] },
  { what: 'deleted', ids: [id], mine: [true] },
  { what: 'deleted', upto: null },
  { what: 'deleted', upto: id },
])('what own devices tell each other: %o', (change) => {
  const read = decodeContent(altered({ type: 'sync', for: about, ...change }), expected)
  expect(read).toMatchObject({ type: 'sync', for: about, ...change })
})

test('another client names the person of what was read as its conversation', () => {
  const read = { type: 'sync', what: 'read', upto: id }
  const other = '44444444-4444-4444-8444-444444444444'
  const found = decodeContent(altered({ ...read, conversation: other }), expected)
  expect(found).toMatchObject({ ...read, for: { user_id: other } })
})

test('what a newer version of another own device tells is unknown, not malformed', () => {
  const patch = { type: 'sync', for: about, what: 'wallpaper', name: 'A' }
  expect(decodeContent(altered(patch), expected).type).toBe('unknown')
})

describe('contents that were not read', () => {
  test('are asked for by the ids of their envelopes, a hundred at most', () => {
    const envelopes = Array.from({ length: 150 }, () => id)
    const asked = { type: 'retry', envelopes, reason: 'bad_message', device: 2 }
    const read = decodeContent(altered(asked), expected)
    expect(read).toMatchObject({ type: 'retry', device: 2, envelopes: envelopes.slice(0, 100) })
    expect(decodeContent(altered({ ...asked, device: 'x' }), expected)).not.toHaveProperty('device')
    expect(problem(altered({ ...asked, envelopes: [1] }))).toBe('malformed')
    expect(problem(altered({ ...asked, reason: 1 }))).toBe('malformed')
  })

  test('come again under the id of the envelope that is answered', () => {
    expect(decodeContent(altered({ again: id }), expected)).toMatchObject({ again: id })
    expect(decodeContent(altered({ again: 7 }), expected)).not.toHaveProperty('again')
  })

  test('or a hello says that they are gone', () => {
    expect(decodeContent(altered({ type: 'hello', gone: [id, 7] }), expected)).toMatchObject({
      gone: [id],
    })
    expect(decodeContent(altered({ type: 'hello', gone: 7 }), expected)).not.toHaveProperty('gone')
  })

  test('are made again from the history', () => {
    const written = messageRules.text?.written?.({ text: 'hi', replyTo: { id } })
    expect(written).toEqual({ type: 'text', text: 'hi', reply_to: id })
  })
})

test('whatever is malformed is refused as that', () => {
  const patches = [
    { v: 2 },
    { id: 'x' },
    { n: -1 },
    { n: 1.5 },
    { sent_at: 'now' },
    { sent_at: -1 },
    { sent_at: 1.5 },
    // One more than the last moment a Date holds.
    { sent_at: 8.64e15 + 1 },
    { sent_at: Number.MAX_SAFE_INTEGER },
    { type: 'read', ids: [id], sent_at: 8.64e15 + 1 },
    { type: 'delivered', ids: [id], sent_at: 1e300 },
    { type: 'poll', sent_at: 8.64e15 + 1 },
    { text: 5 },
    { text: 'x'.repeat(MAX_TEXT + 1) },
    { reply_to: 'x' },
    { expires_in: 0 },
    { expires_in: 1.5 },
    { expires_in: '60' },
    { expires_in: 400 * 86_400 },
    { type: 'timer' },
    { type: 'timer', seconds: -1 },
    { type: 'timer', seconds: 0.5 },
    { type: 'timer', seconds: null },
    { type: 'timer', seconds: 400 * 86_400 },
    { type: 5 },
    { type: 'read' },
    { type: 'read', ids: ['x'] },
    { from: { ...content.from, username: 'An.na' } },
    { for: { user_id: 'x' } },
    { type: 'sync', what: 'mute', muted: true },
    { type: 'sync', for: about, what: 'mute', muted: 1 },
    { type: 'sync', for: about, what: 'contact', relation: 'friend' },
    { type: 'sync', for: about, what: 'read', ids: ['x'] },
    { type: 'sync', for: about, what: 'read', upto: null },
    { type: 'sync', for: about, what: 'read' },
    { type: 'sync', conversation: anna, what: 'pin', pinned: true },
    { type: 'sync', for: about, what: 'deleted', upto: 'x' },
    { type: 'sync', for: about, what: 'deleted' },
    { type: 'sync', for: about, what: 'deleted', ids: [id], mine: [] },
    { type: 'sync', for: about, what: 'deleted', ids: [id], mine: ['yes'] },
    { type: undefined },
  ]
  for (const patch of patches)
    expect(problem(altered(patch)), JSON.stringify(patch)).toBe('malformed')
  for (const bytes of [utf8('{}'), pad(utf8('{')), pad(utf8('[]')), pad(new Uint8Array([0xff]))]) {
    expect(problem(bytes)).toBe('malformed')
  }
})

test('messages that disappear say when, and changes of that are known', () => {
  expect(decodeContent(altered({ expires_in: 60 }), expected)).toMatchObject({ expires_in: 60 })
  for (const seconds of [0, 1, 30 * 86_400]) {
    const changed = altered({ type: 'timer', seconds, fallback: 'in words' })
    expect(decodeContent(changed, expected)).toMatchObject({ seconds, fallback: 'in words' })
  }
  const written = messageRules.text?.written?.({
    text: 'hi',
    replyTo: null,
    expiry: { seconds: 60 },
  })
  expect(written).toEqual({ type: 'text', text: 'hi', expires_in: 60 })
})

test('the first and the last moment there are can be said', () => {
  for (const at of [0, 8.64e15]) {
    expect(decodeContent(altered({ sent_at: at }), expected).sent_at).toBe(at)
  }
})

test('characters are counted as people count them: two units can be one', () => {
  const text = '👋'.repeat(MAX_TEXT)
  expect(decodeContent(altered({ text }), expected)).toMatchObject({ text })
  expect(problem(altered({ text: `${text}x` }))).toBe('malformed')
})

test('unknown fields are ignored', () => {
  expect(decodeContent(altered({ colour: 'red' }), expected)).toEqual(content)
})

describe('a content of a type that this build does not know', () => {
  const readUnknown = (patch: object) => {
    const content = decodeContent(altered({ type: 'poll', question: '?', ...patch }), expected)
    if (content.type !== 'unknown') throw new Error(`read as ${content.type}`)
    return content
  }

  test('is kept byte for byte', () => {
    const { bytes, named, id } = readUnknown({ fallback: 'A poll' })
    expect(JSON.parse(fromUtf8(bytes))).toEqual({
      ...content,
      type: 'poll',
      question: '?',
      fallback: 'A poll',
    })
    expect({ named, id }).toEqual({ named: 'poll', id: content.id })
  })

  test.each([
    ['a text', 'A poll: tea or coffee?', 'A poll: tea or coffee?'],
    ['none', undefined, ''],
    ['a number', 7, ''],
    ['null', null, ''],
    ['an object', { text: 'A poll' }, ''],
    ['a list', ['A poll'], ''],
    ['nothing', '', ''],
    ['nothing that anybody sees', ' \u200B\u2060 ', ''],
    ['half a character', 'A \uD83D poll', 'A \uFFFD poll'],
  ])('with %s as fallback', (_name, fallback, shown) => {
    const unknown = readUnknown({ fallback })
    expect(unknown.fallback).toBe(shown)
    expect(messageRuleOf(unknown)?.preview(unknown)).toBe(shown)
  })

  test('with a fallback that is too long is shown in part, and never half a character', () => {
    const { fallback } = readUnknown({ fallback: `${'x'.repeat(MAX_FALLBACK - 2)}👩‍👩‍👧‍👦 and more` })
    expect(fallback.length).toBeLessThanOrEqual(MAX_FALLBACK + 1)
    expect(fallback).toMatch(/^x+(👩‍👩‍👧‍👦)?…$/u)
  })

  test('is silent with `true` alone', () => {
    const silent = (value: unknown) => readUnknown({ silent: value }).silent
    expect([true, false, 1, 'true', null, undefined].map(silent)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ])
    expect(isMessage(readUnknown({ silent: true }))).toBe(false)
    expect(isMessage(readUnknown({}))).toBe(true)
  })

  test('may use the field `for` in another way', () => {
    expect(readUnknown({ for: 'everyone' })).not.toHaveProperty('for')
    expect(readUnknown({ for: about })).toMatchObject({ for: about })
  })

  test('is read by a build that knows the type, and only as what that type is', () => {
    const kept = (patch: object) => utf8(JSON.stringify({ ...content, ...patch }))
    expect(asKnown(kept({}))).toMatchObject({ type: 'text', text: content.text })
    expect(asKnown(kept({ type: 'poll' }))).toBeNull()
    expect(asKnown(kept({ text: 5 }))).toBeNull()
    expect(asKnown(utf8('{'))).toBeNull()
  })
})

describe('the rules of the types', () => {
  test('each kind of message is the kind of one type', () => {
    // What is awaited is of no type yet.
    const { awaited, ...rules } = messageRules
    expect(awaited).toBeNull()
    for (const [kind, rule] of Object.entries(rules)) expect(rule?.kind).toBe(kind)
  })

  test.each<[AnyBody, sync: string, clock: string, message: boolean]>([
    [{ type: 'text', text: 'x' }, 'copied', 'writer', true],
    [{ type: 'read', ids: [] }, 'not_copied', 'relay', false],
    [{ type: 'hello' }, 'not_copied', 'relay', false],
    [{ type: 'typing', active: true }, 'not_copied', 'relay', false],
  ])('%o', (body, sync, clock, message) => {
    const { sync: copies, clock: dated, message: rule } = typeOf(body)
    expect([copies, dated, rule !== null]).toEqual([sync, clock, message])
    expect(typeOf(body).ephemeral === true).toBe(body.type === 'typing')
  })
})

describe('`conversation`', () => {
  const group = 'group:44444444-4444-4444-8444-444444444444'

  test('that names the other person, from either side, changes nothing', () => {
    for (const conversation of [anna, me]) {
      expect(decodeContent(altered({ conversation }), expected)).toEqual(content)
    }
    const copy = { for: { user_id: id, username: 'bob', identity: 'KEY' }, conversation: id }
    expect(decodeContent(altered(copy), expected)).toMatchObject({ type: 'text', for: copy.for })
  })

  test('of another kind: a message is kept, and is none of the conversation with its writer', () => {
    const read = decodeContent(altered({ conversation: group, fallback: 'To the group' }), expected)
    expect(read).toMatchObject({ type: 'unknown', named: 'text', fallback: 'To the group' })
    expect(read).toMatchObject({ silent: false, n: 1 })
    expect(read).not.toHaveProperty('text')
    if (read.type !== 'unknown') throw new Error('known')
    expect(JSON.parse(fromUtf8(read.bytes))).toMatchObject({ conversation: group, type: 'text' })
    expect(asKnown(read.bytes)).toBeNull()
  })

  test('of another kind: what is no message changes nothing and shows nothing', () => {
    for (const patch of [
      { type: 'read', ids: [id] },
      { type: 'typing', active: true },
    ]) {
      const read = decodeContent(altered({ ...patch, conversation: group }), expected)
      expect(read, patch.type).toMatchObject({ type: 'unknown', silent: true })
    }
  })

  test.each([null, 7, '', {}])('that is no name at all (%o) is of another kind', (conversation) => {
    expect(decodeContent(altered({ conversation }), expected).type).toBe('unknown')
  })
})
