import { expect, test } from 'vitest'
import { arrive } from '@/messenger/counters'
import { emptyCounter } from '@/messenger/records'

const run = (numbers: number[], trustFirst = false) => {
  let record = emptyCounter()
  return numbers.map((n) => {
    const arrival = arrive(record, n, trustFirst)
    if (arrival.type !== 'replay') record = arrival.record
    return arrival.type === 'new' ? arrival.skipped : arrival.type
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

test('a huge jump costs bounded memory', () => {
  const arrival = arrive(emptyCounter(), 1_000_000, false)
  expect(arrival.type === 'new' && arrival.record.missing.length).toBe(500)
})
