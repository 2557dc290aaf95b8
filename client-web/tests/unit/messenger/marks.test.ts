/** Stars and pins: devices that hear the same changes, in whatever order and however often, show the same. */
import {
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  property,
  record,
  shuffledSubarray,
} from 'fast-check'
import { expect, test } from 'vitest'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import type { Mark, MarkRecord } from '@/messenger/core/mark-record'
import { marked, mergedMarks } from '@/messenger/sending/marks'

const nothing: MarkRecord = {
  sender: null,
  id: '11111111-1111-4111-8111-111111111111',
  conversation: conversationWith('22222222-2222-4222-8222-222222222222' as UserId),
}
interface Made {
  mark: Mark
  state: { on: boolean; at: number; device: number }
}
/** Times are few, so that many are the same. A device makes no two changes of a mark at one time. */
const made = array(
  record({
    mark: constantFrom<Mark>('starred', 'pinned'),
    state: record({
      on: boolean(),
      at: integer({ min: 0, max: 4 }),
      device: integer({ min: 1, max: 3 }),
    }),
  }),
  { maxLength: 24 },
).map((all) => [
  ...new Map(
    all.map((one) => [`${one.mark} ${one.state.at} ${one.state.device}`, one] as const),
  ).values(),
])
const after = (heard: readonly Made[]): MarkRecord =>
  heard.reduce((before, { mark, state }) => marked(before, mark, state), nothing)
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

test('a mark is as its latest change says, by time and then by device', () => {
  assert(
    property(made, (all) => {
      for (const mark of ['starred', 'pinned'] as const) {
        const about = all.filter((one) => one.mark === mark).map(({ state }) => state)
        const last = about.toSorted((a, b) => a.at - b.at || a.device - b.device).at(-1)
        expect(after(all)[mark]).toEqual(last)
      }
    }),
  )
})

test('what two devices know, put together, is what one knows that heard all of it', () => {
  assert(
    property(made, integer({ min: 0, max: 24 }), (all, at) => {
      const [here, there] = [all.slice(0, at), all.slice(at)]
      expect(mergedMarks(after(here), after(there))).toEqual(after([...here, ...there]))
      expect(mergedMarks(after(there), after(here))).toEqual(after([...here, ...there]))
    }),
  )
})
