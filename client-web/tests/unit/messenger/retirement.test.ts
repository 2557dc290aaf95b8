/** One-time prekeys: never erased while they may still be used, erased in the end. */
import { describe, expect, test } from 'vitest'
import type { StoredPrekey } from '@/messenger/core/records'
import {
  KEEP_RETIRED,
  mayBeErased,
  nowBetween,
  retiredSince,
  retirePrekeys,
} from '@/messenger/keys/retirement'

const prekey = (id: number, rest: Partial<StoredPrekey> = {}) =>
  ({ id, uploaded: true, ...rest }) as StoredPrekey
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => prekey(from + i))
const ids = (prekeys: readonly StoredPrekey[]) =>
  prekeys.map(({ id }) => id).toSorted((a, b) => a - b)
const DAY = 86_400_000
/** Both clocks agree. */
const at = (now: number) => nowBetween(now, now)

test('those beyond what the relay has left are noted, and erased long after', () => {
  const now = 1_000 * DAY
  const first = retirePrekeys(range(1, 100), 97, at(now))
  expect([ids(first.changed), first.erased]).toEqual([[1, 2, 3], []])
  const noted = [...first.changed, ...range(4, 100)]
  expect(retirePrekeys(noted, 97, at(now + KEEP_RETIRED))).toEqual({ changed: [], erased: [] })
  expect(retirePrekeys(noted, 97, at(now + KEEP_RETIRED + 1)).erased.toSorted()).toEqual([1, 2, 3])
})

test('one that waited long at the relay is not erased on the day it is handed out', () => {
  const years = 1_000 * DAY
  expect(retirePrekeys(range(1, 100), 99, at(years)).erased).toEqual([])
})

test('one that is there after all is noted no more', () => {
  const { changed } = retirePrekeys([prekey(1, { retiredAt: 5 }), prekey(2)], 2, at(10))
  expect(changed).toEqual([prekey(1, { retiredAt: null })])
})

test('a batch whose upload had no answer makes no other look handed out', () => {
  const lost = range(101, 200).map((one) => ({ ...one, uploaded: false }))
  const { changed } = retirePrekeys([...range(1, 100), ...lost, ...range(201, 300)], 150, at(10))
  expect(ids(changed)).toEqual(range(1, 50).map(({ id }) => id))
})

describe('two clocks', () => {
  const now = 1_000 * DAY
  const retired = [prekey(1, { retiredAt: now }), prekey(2)]
  const erased = (wall: number, relay: number | null) =>
    retirePrekeys(retired, 1, nowBetween(wall, relay)).erased

  test('both have to say that the time is over', () => {
    const over = now + KEEP_RETIRED + 1
    expect(erased(over, over)).toEqual([1])
    expect(erased(over, now)).toEqual([])
    expect(erased(now, over)).toEqual([])
    expect(erased(over, null)).toEqual([])
  })

  test('the later one says when it began: a clock that was behind erases nothing too early', () => {
    const began = retiredSince(null, nowBetween(now - 30 * DAY, now))
    expect(began).toBe(now)
    // No relay delays it by more than once the time itself.
    expect(retiredSince(null, nowBetween(now, now + 9_999 * DAY))).toBe(now + KEEP_RETIRED)
  })

  test('a beginning that lies ahead was noted by a wrong clock: it is now', () => {
    const ahead = [prekey(1, { retiredAt: now + 400 * DAY }), prekey(2)]
    const { changed, erased: gone } = retirePrekeys(ahead, 1, at(now))
    expect([changed, gone]).toEqual([[prekey(1, { retiredAt: now })], []])
    expect(mayBeErased(now, at(now))).toBe(false)
  })
})

describe('whatever happens, nothing that may still come is erased', () => {
  /** A relay that hands out the lowest first; uploads may get lost, or their answers may. */
  test.each(Array.from({ length: 40 }, (_, seed) => seed))('history %i', (seed) => {
    let state = seed + 1
    const random = (below: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    const relay: number[] = []
    const handedOut = new Map<number, number>()
    let device: StoredPrekey[] = []
    let next = 1
    for (let now = 0; now < 400 * DAY; now += DAY) {
      if (relay.length < 5) {
        const fate = random(4)
        for (let i = 0; i < 10; i++, next++) {
          if (fate !== 0) relay.push(next)
          device.push(prekey(next, { uploaded: fate > 1 }))
        }
      }
      for (let taken = random(3); taken > 0; taken--) {
        const id = relay.shift()
        if (id === undefined) break
        if (random(2) === 0) device = device.filter((one) => one.id !== id)
        else handedOut.set(id, now)
      }
      const { changed, erased } = retirePrekeys(device, relay.length, at(now))
      for (const id of erased) {
        expect(relay).not.toContain(id)
        expect(handedOut.get(id) ?? -Infinity).toBeLessThan(now - KEEP_RETIRED)
      }
      const renewed = new Map(changed.map((one) => [one.id, one]))
      device = device
        .filter(({ id }) => !erased.includes(id))
        .map((one) => renewed.get(one.id) ?? one)
    }
    // Bounded in the end, though half the uploads had no answer.
    const old = [...handedOut].filter(([, at]) => at < 400 * DAY - KEEP_RETIRED - 150 * DAY)
    expect(old.filter(([id]) => device.some((one) => one.id === id))).toEqual([])
  })
})
