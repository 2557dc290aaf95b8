import { expect, test } from 'vitest'
import { checkCounter, missedTexts } from '@/messenger/receiving/counters'
import { emptyCounter } from '@/messenger/core/records'

const run = (numbers: number[], trustFirst = false) => {
  let record = emptyCounter()
  return numbers.map((n) => {
    const checked = checkCounter(record, n, trustFirst)
    if (checked.type !== 'replay') record = checked.record
    return checked.type === 'new' ? checked.skipped : checked.type
  })
}

test('in order nothing is said', () => {
  expect(run([1, 2, 3])).toEqual([0, 0, 0])
})

test('threat 6: gaps are counted, late ones fill them, repeated ones are replays', () => {
  expect(run([1, 4, 4, 2, 2, 3, 5])).toEqual([0, 2, 'replay', 'late', 'replay', 'late', 0])
})

test('a first message that never came is a gap, unless this device joined later', () => {
  expect(run([3])).toEqual([2])
  expect(run([57, 58, 60], true)).toEqual([0, 0, 1])
})

test('a huge jump costs bounded memory, and all that was skipped may come late, once', () => {
  expect(run([1_000_000, 1, 1, 999_999, 500_000, 500_000, 2])).toEqual([
    999_999,
    'late',
    'replay',
    'late',
    'late',
    'replay',
    'late',
  ])
  const checked = checkCounter(emptyCounter(), 1_000_000, false)
  expect(checked.type === 'new' && checked.record.missing.length).toBe(1)
})

test('with more holes than are remembered, old ones that come late are shown', () => {
  const every3rd = Array.from({ length: 700 }, (_, i) => (i + 1) * 3)
  let record = emptyCounter()
  for (const n of every3rd) {
    const checked = checkCounter(record, n, false)
    if (checked.type !== 'replay') record = checked.record
  }
  expect(record.missing.length).toBe(500)
  expect(checkCounter(record, 1, false).type).toBe('late')
  expect(checkCounter(record, 2_099, false).type).toBe('late')
  expect(checkCounter(record, 2_100, false).type).toBe('replay')
})

test('missing numbers of an older version are read', () => {
  const older = { ...emptyCounter(), highest: 9, missing: [3, 4] }
  expect([3, 4, 5].map((n) => checkCounter(older, n, false).type)).toEqual([
    'late',
    'late',
    'replay',
  ])
})

test('receipts are no messages: of what was skipped only texts count', () => {
  const before = { ...emptyCounter(), highest: 10, texts: 4 }
  const text = (m: number | undefined, skipped: number) =>
    missedTexts(before, { m, isText: true }, skipped)
  expect(text(5, 3)).toBe(0)
  expect(text(7, 3)).toBe(2)
  expect(missedTexts(before, { m: 4, isText: false }, 3)).toBe(0)
  // Never more than numbers are missing, whatever is claimed; without the count, all of them.
  expect(text(5_000, 3)).toBe(3)
  expect(text(undefined, 3)).toBe(3)
})
