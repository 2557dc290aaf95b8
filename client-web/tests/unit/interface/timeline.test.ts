import { describe, expect, it } from 'vitest'
import { firstUnread, timeline } from '@/composables/timeline'
import type { Message } from '@/messenger/contract'
import { aMessage } from '../../support/examples'

const NOON = new Date(2026, 2, 12, 12, 0, 0).getTime()
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const message = (id: string, at: number, over: Partial<Message> = {}): Message =>
  aMessage({ id, text: id, sentAt: at, order: at, ...over })

const shape = (rows: ReturnType<typeof timeline>) =>
  rows.map((row) =>
    row.kind === 'bubble'
      ? `${row.message.id}${row.first ? ' first' : ''}${row.last ? ' last' : ''}`
      : row.kind,
  )

describe('the timeline', () => {
  it('groups what one person wrote within a minute, with the tail on the last', () => {
    const rows = timeline([
      message('a', NOON),
      message('b', NOON + 20_000),
      message('c', NOON + 40_000),
    ])
    expect(shape(rows)).toEqual(['day', 'a first', 'b', 'c last'])
  })

  it('starts a new group with another sender or another minute', () => {
    const rows = timeline([
      message('a', NOON),
      message('b', NOON + 1_000, { direction: 'out', status: 'read' }),
      message('c', NOON + MINUTE, { direction: 'out', status: 'read' }),
    ])
    expect(shape(rows)).toEqual(['day', 'a first last', 'b first last', 'c first last'])
  })

  it('puts one separator where the day changes', () => {
    const rows = timeline([message('a', NOON), message('b', NOON + DAY), message('c', NOON + DAY)])
    expect(shape(rows)).toEqual(['day', 'a first last', 'day', 'b first', 'c last'])
  })

  it('draws a notice between groups, never inside one', () => {
    const notice = message('n', NOON + 1, { kind: 'notice', notice: { type: 'gap', count: 1 } })
    const rows = timeline([message('a', NOON), notice, message('b', NOON + 2)])
    expect(shape(rows)).toEqual(['day', 'a first last', 'notice', 'b first last'])
  })

  it('puts a notice dated by a wrong clock under the day of its neighbours', () => {
    const notice = (id: string, at: number) =>
      message(id, at, { kind: 'notice', notice: { type: 'gap', count: 1 } })
    const rows = timeline([
      message('a', NOON),
      notice('ahead', NOON + 365 * DAY),
      message('b', NOON + 60_000),
      notice('behind', NOON - 3 * DAY),
      notice('now', NOON + DAY),
    ])
    expect(shape(rows)).toEqual([
      'day',
      'a first last',
      'notice',
      'b first last',
      'notice',
      'day',
      'notice',
    ])
  })

  it('marks where the unread begin and breaks the group there', () => {
    const rows = timeline([message('a', NOON), message('b', NOON + 1)], 'b')
    expect(shape(rows)).toEqual(['day', 'a first last', 'unread', 'b first last'])
  })

  it('divides what was written under different keys, also where only fingerprints are known', () => {
    const sealed = (identity: string | undefined, fingerprint: string): Partial<Message> => ({
      encryption: {
        origin: 'contact',
        device: 1,
        startedSession: false,
        fingerprint,
        ...(identity && { identity }),
        verified: false,
      },
    })
    const rows = timeline([
      message('a', NOON, sealed(undefined, 'AAAA')),
      message('b', NOON + 1, sealed('1-AAAA', 'AAAA')),
      // The short form can be made to look alike.
      message('c', NOON + 2, sealed('2-AAAA', 'AAAA')),
      message('n', NOON + 3, { kind: 'notice', notice: { type: 'identity_accepted' } }),
      message('d', NOON + 4, sealed('2-BBBB', 'BBBB')),
    ])
    expect(shape(rows)).toEqual([
      'day',
      'a first',
      'b last',
      'key',
      'c first last',
      'notice',
      'key',
      'd first last',
    ])
  })

  it('says where the conversation begins only when nothing older exists', () => {
    expect(shape(timeline([message('a', NOON)], null, true))[0]).toBe('start')
    expect(shape(timeline([], null, true))).toEqual(['start'])
  })

  it('gives every row its own key', () => {
    const rows = timeline([message('a', NOON), message('b', NOON + DAY)], 'a', true)
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
  })
})

describe('the first unread message', () => {
  it('counts received messages from the end, past own ones and notices', () => {
    const messages = [
      message('a', 1),
      message('b', 2),
      message('mine', 3, { direction: 'out', status: 'read' }),
      message('n', 4, { kind: 'notice', notice: { type: 'verified' } }),
      message('c', 5),
    ]
    expect(firstUnread(messages, 2)).toBe('b')
    expect(firstUnread(messages, 9)).toBe('a')
    expect(firstUnread(messages, 0)).toBeNull()
  })
})
