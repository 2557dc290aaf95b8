/** The lock that comes by itself, with a clock that the test moves. */
import { afterEach, expect, test, vi } from 'vitest'
import type { App } from '@/messenger/session/app'
import { AutoLock } from '@/messenger/session/auto-lock'
import { steadyClock } from '@/platform/clock'

const MINUTE = 60_000
const stops: (() => void)[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const stop of stops.splice(0)) stop()
})

function started(autoLockMinutes: number) {
  const clock = { now: 1_000_000, monotonic: 0 }
  const locked: number[] = []
  const app = {
    elapsed: steadyClock(
      () => clock.now,
      () => clock.monotonic,
    ),
    opened: { settings: { autoLockMinutes } },
    lock: { enabled: true, locked: false },
  }
  const lock = new AutoLock(app as App, async () => {
    app.lock.locked = true
    locked.push(clock.now)
  })
  lock.start()
  stops.push(() => lock.stop())
  return { clock, locked, lock }
}
const press = () => dispatchEvent(new PointerEvent('pointerdown'))

test('a device that slept is locked by the first touch, before any timer', () => {
  const { clock, locked } = started(5)
  clock.now += 4 * MINUTE
  press()
  expect(locked).toEqual([])
  clock.now += 60 * MINUTE
  const woken = clock.now
  press()
  expect(locked).toEqual([woken])
  // Whoever then types the passphrase is not locked out again.
  clock.now += 1_000
  dispatchEvent(new KeyboardEvent('keydown'))
  expect(locked).toEqual([woken])
})

test('a page that is looked at again is locked when it was away for too long', () => {
  const { clock, locked } = started(1)
  document.dispatchEvent(new Event('visibilitychange'))
  expect(locked).toEqual([])
  clock.now += MINUTE
  document.dispatchEvent(new Event('visibilitychange'))
  expect(locked).toEqual([clock.now])
})

test.each([
  ['is taken out of the cache', () => dispatchEvent(new PageTransitionEvent('pageshow'))],
  ['goes on after it was frozen', () => document.dispatchEvent(new Event('resume'))],
  ['is turned to again', () => dispatchEvent(new FocusEvent('focus'))],
])('a page that %s is locked in the same moment', (_, comeBack) => {
  const { clock, locked } = started(1)
  comeBack()
  expect(locked).toEqual([])
  clock.now += MINUTE
  comeBack()
  expect(locked).toEqual([clock.now])
})

test('without a touch the timer locks it; when it is set to never, nothing does', () => {
  vi.useFakeTimers()
  const [sealed, open] = [started(1), started(0)]
  sealed.clock.now += 2 * MINUTE
  open.clock.now += 200 * MINUTE
  vi.advanceTimersByTime(20_000)
  expect(sealed.locked).toHaveLength(1)
  expect(open.locked).toEqual([])
})

test('it locks in time though the clock is set back a day', () => {
  const { clock, locked } = started(1)
  clock.monotonic += 30_000
  clock.now += 30_000 - 24 * 60 * MINUTE
  document.dispatchEvent(new Event('visibilitychange'))
  expect(locked).toEqual([])
  clock.monotonic += 30_000
  clock.now += 30_000
  document.dispatchEvent(new Event('visibilitychange'))
  expect(locked).toHaveLength(1)
})

test('a stopped one hears nothing', () => {
  const { clock, locked, lock } = started(1)
  lock.stop()
  clock.now += 2 * MINUTE
  press()
  document.dispatchEvent(new Event('visibilitychange'))
  expect(locked).toEqual([])
})
