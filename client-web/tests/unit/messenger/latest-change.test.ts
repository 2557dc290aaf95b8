/** Devices that hear the same changes, in whatever order, agree; and each thing is as its latest change says. */
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
import type { Change } from '@/messenger/contents/sync/sync'
import { isLater, thingOf } from '@/messenger/sending/latest-change'
import type { Latest } from '@/messenger/sending/latest-change'

interface Made {
  at: number
  device: number
  change: Change
}

const changes = constantFrom<Change>(
  { what: 'mute', muted: true, until: 9 },
  { what: 'mute', muted: false },
  { what: 'pin', pinned: true },
  { what: 'pin', pinned: false },
  { what: 'archive', archived: true },
  { what: 'archive', archived: false },
  { what: 'block', blocked: true },
  { what: 'block', blocked: false },
  { what: 'verified', verified: true },
  { what: 'nickname', nickname: 'Mum' },
  { what: 'nickname', nickname: null },
  { what: 'setting', name: 'theme', value: 'dark' },
  { what: 'setting', name: 'theme', value: 'light' },
  { what: 'setting', name: 'enterSends', value: false },
)
/** Times are few, so that many are the same. A device makes no two changes at one time. */
const made = array(
  record({ at: integer({ min: 0, max: 4 }), device: integer({ min: 1, max: 3 }), change: changes }),
  { maxLength: 24 },
).map((all) => [
  ...new Map(
    all.map((one) => [`${thingOf(one.change)} ${one.at} ${one.device}`, one] as const),
  ).values(),
])

/** What a device shows after it heard these. */
function after(heard: readonly Made[]): Record<string, Change> {
  const latest = new Map<string, Latest>()
  const shown: Record<string, Change> = {}
  for (const { at, device, change } of heard) {
    const thing = thingOf(change)
    if (thing === null || !isLater([at, device], latest.get(thing))) continue
    latest.set(thing, [at, device])
    shown[thing] = change
  }
  return shown
}

const inAnyOrder = made.chain((all) =>
  shuffledSubarray(all, { minLength: all.length }).map((shuffled) => ({ all, shuffled })),
)

test('any order, and any repetition, comes to the same', () => {
  assert(
    property(inAnyOrder, ({ all, shuffled }) => {
      expect(after(shuffled)).toEqual(after(all))
      expect(after([...shuffled, ...all])).toEqual(after(all))
    }),
  )
})

test('the latest wins, by time and then by device', () => {
  assert(
    property(made, (all) => {
      for (const [thing, change] of Object.entries(after(all))) {
        const about = all.filter((one) => thingOf(one.change) === thing)
        const last = about.toSorted((a, b) => a.at - b.at || a.device - b.device).at(-1)
        expect(change).toEqual(last?.change)
      }
    }),
  )
})
