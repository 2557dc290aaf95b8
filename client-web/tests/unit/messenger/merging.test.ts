/** Two states of a message become one: that in which everything was said which either of them knows. */
import {
  array,
  assert,
  boolean,
  constantFrom,
  infiniteStream,
  nat,
  property,
  record,
} from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deleted, edited, reacted } from '@/messenger/chats/amending'
import { merged } from '@/messenger/chats/merging'
import { conversationWith } from '@/messenger/contract'
import { advanced } from '@/messenger/core/message-status'
import { blankMessage, newRecipient } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'

const bob = '11111111-1111-4111-8111-111111111111'
const message: MessageRecord = {
  ...blankMessage,
  id: '33333333-3333-4333-8333-333333333333',
  conversation: conversationWith(bob),
  kind: 'text',
  text: 'first',
  sentAt: 1_000,
  order: 1,
  recipients: [newRecipient(bob)],
}

type Change = (one: MessageRecord) => MessageRecord | null
interface Said {
  what: 'edit' | 'delete' | 'react' | 'unreact' | 'accepted' | 'delivered' | 'read'
  by: string | null
}

/** Each at a time of its own, as the relay orders them; numbered, or said on the device itself. */
const changeOf = ({ what, by }: Said, i: number, numbered: boolean): Change => {
  const said = { device: 1, n: numbered ? i + 1 : 0, at: 2_000 + i }
  switch (what) {
    case 'edit':
      return (one) => edited(one, `text ${i}`, said)
    case 'delete':
      return (one) => deleted(one, said)
    case 'react':
      return (one) => reacted(one, by, `${i}`, said)
    case 'unreact':
      return (one) => reacted(one, by, null, said)
    default:
      return (one) => advanced(one, bob, what, said.at)
  }
}

const said: Arbitrary<Said> = record({
  what: constantFrom('edit', 'edit', 'react', 'unreact', 'accepted', 'delivered', 'read', 'delete'),
  by: constantFrom(null, bob),
})

const after = (changes: readonly Change[]): MessageRecord =>
  changes.reduce((one, change) => change(one) ?? one, message)

/** What a view shows of it. */
const shown = ({ kind, text, edited: changed, reactions = [], recipients }: MessageRecord) => ({
  kind,
  text,
  before: changed?.before ?? [],
  reactions: reactions.map(({ by, emoji }) => `${by} ${emoji}`).toSorted(),
  statuses: recipients.map(({ status }) => status),
})

test('whatever either state knows, and in whichever order they come, all of it is shown', () => {
  assert(
    property(
      array(said, { maxLength: 8 }),
      boolean(),
      infiniteStream(nat(6)),
      boolean(),
      (all, numbered, picks, twice) => {
        const changes = all.map((one, i) => changeOf(one, i, numbered))
        // Each change is known to one of the states at least.
        const known = changes.map(() => picks.next().value as number)
        const here = after(changes.filter((_, i) => known[i] !== 0))
        const there = after(changes.filter((_, i) => (known[i] ?? 0) < 4))
        const whole = shown(after(changes))
        const both = merged(here, there) ?? here
        expect(shown(both)).toEqual(whole)
        expect(shown(merged(there, here) ?? there)).toEqual(whole)
        if (twice) expect(merged(both, there) ?? both).toBe(both)
      },
    ),
    { numRuns: 2_000 },
  )
})

describe('a place that is kept for a message', () => {
  const place: MessageRecord = {
    ...message,
    kind: 'awaited',
    text: '',
    order: 7,
    awaited: { lost: true },
  }

  test('is taken by the message', () => {
    expect(merged(place, message)).toEqual({ ...message, order: 7 })
  })

  test('takes nothing from the message', () => {
    expect(merged(message, place)).toBeNull()
  })
})

test('a file that is at the relay by now is named', () => {
  const file = {
    id: null,
    key: new Uint8Array(32),
    size: 1,
    type: 'image/png',
    name: 'a.png',
    digest: new Uint8Array(32),
  }
  const waiting = { ...message, files: [file] }
  const there = { ...message, files: [{ ...file, id: 'x' }] }
  expect(merged(waiting, there)?.files?.[0]?.id).toBe('x')
  expect(merged(there, waiting)).toBeNull()
})
