/** Copies of what was sent, between one's own devices: as the wire names them, and as earlier builds sent them. */
import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '@/crypto/bytes'
import { pad, unpad } from '@/crypto/padding'
import { asKnown, decodeContent, encodeContent } from '@/messenger/contents/codec'
import type { Content } from '@/messenger/contents/registry'
import { anna, content, id, me } from '../../support/raw-content'

const envelopeId = '44444444-4444-4444-8444-444444444444'
const own = { ...content.from, user_id: anna }
const expected = { userId: anna, deviceId: 2, identity: 'KEY', to: anna }
const about = { user_id: me, username: 'me', identity: 'HIS' }
const copies: Content[] = [
  { ...content, to: anna, for: about },
  {
    v: 1,
    id,
    from: own,
    to: anna,
    n: 4,
    sent_at: 5,
    type: 'edit',
    target: envelopeId,
    text: 'other',
    silent: true,
    for: about,
  } as Content,
  {
    v: 1,
    id,
    from: own,
    to: anna,
    n: 4,
    m: 2,
    sent_at: 5,
    again: envelopeId,
    type: 'reaction',
    target: { user_id: me, id },
    emoji: '👍',
    silent: true,
    for: about,
  } as Content,
]
const json = (bytes: Uint8Array) => JSON.parse(fromUtf8(unpad(bytes) ?? new Uint8Array()))
const raw = (value: object) => pad(utf8(JSON.stringify(value)))

test.each(copies)('a copied $type is sent as the wire names it, and read as it was', (copy) => {
  const { for: about_, ...sent } = copy as Content & { for: typeof about }
  const bytes = encodeContent(copy)
  expect(json(bytes)).toMatchObject({
    type: 'sync',
    what: 'sent',
    silent: true,
    id: copy.id,
    to: anna,
    n: copy.n,
    for: about_,
    content: { type: sent.type, id: copy.id, to: me, from: copy.from, sent_at: copy.sent_at },
  })
  expect(decodeContent(bytes, expected)).toEqual(copy)
})

test.each(copies)('a copied $type of an earlier build is read', (copy) => {
  expect(decodeContent(raw(copy), expected)).toEqual(copy)
})

const wrapped = {
  v: 1,
  type: 'sync',
  what: 'sent',
  id: envelopeId,
  from: own,
  to: anna,
  n: 9,
  sent_at: 99,
  content: { ...content, from: own, to: me, n: 3 },
}

test('a copy of another client is known by the id and the time of what was sent', () => {
  expect(decodeContent(raw(wrapped), expected)).toEqual({
    ...content,
    to: anna,
    n: 9,
    for: { user_id: me },
  })
})

describe('a copy is refused', () => {
  const problem = (value: object): unknown => {
    try {
      return decodeContent(raw(value), expected).type
    } catch (error) {
      return (error as { problem?: string }).problem
    }
  }
  test.each([
    ['without a content', { content: undefined }],
    ['of what somebody else wrote', { content: { ...wrapped.content, from: { user_id: me } } }],
    ['to nobody', { content: { ...wrapped.content, to: undefined } }],
    ['to another than it says', { for: { ...about, user_id: envelopeId } }],
    ['of a copy', { content: { ...wrapped, to: me } }],
  ])('%s', (_how, patch) => {
    expect(problem({ ...wrapped, ...patch })).toBe('malformed')
  })
})

test('what somebody else calls a copy is none', () => {
  const stranger = { userId: me, deviceId: 2, identity: 'KEY', to: anna }
  const from = { ...own, user_id: me }
  expect(decodeContent(raw({ ...wrapped, from }), stranger).type).toBe('unknown')
})

test('a copy that was kept unread is read by a build that knows its content', () => {
  const bytes = utf8(JSON.stringify({ ...wrapped, for: about }))
  expect(asKnown(bytes)).toEqual({ type: 'text', text: content.text, for: about })
})
