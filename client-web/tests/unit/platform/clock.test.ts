import { expect, test } from 'vitest'
import { hasPassed, steadyClock } from '@/platform/clock'

const DAY = 86_400_000

function clocks() {
  const time = { wall: 1_800_000_000_000, monotonic: 500 }
  const elapsed = steadyClock(
    () => time.wall,
    () => time.monotonic,
  )
  const begun = elapsed()
  return { time, passed: () => elapsed() - begun }
}

test('both clocks run: time passes once', () => {
  const { time, passed } = clocks()
  for (let i = 0; i < 10_000; i++) {
    time.monotonic += 0.1
    time.wall = 1_800_000_000_000 + Math.floor(time.monotonic - 500)
    passed()
  }
  expect(passed()).toBeCloseTo(1_000)
})

test('a wall clock that is set back, once or again and again, takes nothing away', () => {
  const { time, passed } = clocks()
  for (let i = 1; i <= 3; i++) {
    time.wall -= DAY
    time.monotonic += 60_000
    expect(passed()).toBe(60_000 * i)
  }
})

test('a sleep that the monotonic clock missed counts', () => {
  const { time, passed } = clocks()
  time.wall += 3_600_000
  expect(passed()).toBe(3_600_000)
  time.wall += 10
  time.monotonic += 10
  expect(passed()).toBe(3_600_010)
})

test('a stored time in the future keeps nothing waiting', () => {
  expect(hasPassed(1_000, 5_000, 5_500)).toBe(false)
  expect(hasPassed(1_000, 5_000, 6_000)).toBe(true)
  expect(hasPassed(1_000, 5_000 + DAY, 5_500)).toBe(true)
})
