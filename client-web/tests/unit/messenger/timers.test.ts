/** Two people set for how long their messages stay: all of their devices agree, in whatever order they hear of it. */
import {
  array,
  assert,
  constantFrom,
  integer,
  property,
  record,
  shuffledSubarray,
} from 'fast-check'
import { expect, test } from 'vitest'
import { isLaterTimer } from '@/messenger/core/expiry-records'
import type { TimerChange } from '@/messenger/core/expiry-records'

/** Times are few, so that many are the same. A device makes no two changes at one time. */
const made = array(
  record({
    seconds: constantFrom(0, 300, 3600),
    at: integer({ min: 0, max: 4 }),
    by: constantFrom('anna', 'bob'),
    device: integer({ min: 1, max: 3 }),
  }),
  { maxLength: 24 },
).map((all) => [
  ...new Map(all.map((one) => [`${one.by} ${one.at} ${one.device}`, one] as const)).values(),
])

const after = (heard: readonly TimerChange[]): TimerChange | null =>
  heard.reduce<TimerChange | null>(
    (known, change) => (isLaterTimer(change, known) ? change : known),
    null,
  )

test('in any order, and heard twice, the same change counts in the end', () => {
  const orders = made.chain((all) =>
    record({
      all: constantFrom(all),
      first: shuffledSubarray(all, { minLength: all.length }),
      twice: shuffledSubarray(all),
    }),
  )
  assert(
    property(orders, ({ all, first, twice }) => {
      expect(after([...first, ...twice])).toEqual(after(all))
      const times = all.map(({ at }) => at)
      expect(after(all)?.at ?? -Infinity).toBe(Math.max(...times))
    }),
  )
})
