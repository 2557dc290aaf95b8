/**
 * Waits are measured by time that passed, never by the wall clock, which people, time servers and
 * flat batteries set. One clock for all: the lock, the limits, the budgets, the banner.
 */

/** Milliseconds since some moment; never goes back. */
export type Elapsed = () => number

/** More than the two clocks of a device drift apart between two looks, ms. */
const DRIFT = 1_000

/**
 * By the browser's monotonic clock, which may stand still while the device sleeps. A wall clock
 * that moved ahead of it counts as time slept: a lock closes too early rather than too late, a
 * wait ends too early. One that was set back counts as nothing.
 */
export function steadyClock(
  wall: () => number = Date.now,
  monotonic: () => number = () => performance.now(),
): Elapsed {
  let apart = wall() - monotonic()
  let slept = 0
  return () => {
    const now = monotonic()
    const moved = wall() - now - apart
    if (Math.abs(moved) > DRIFT) {
      apart += moved
      slept += Math.max(0, moved)
    }
    return now + slept
  }
}

/** The page's own. */
export const elapsed = steadyClock()

/** Two wall clocks that differ by more are not taken for the same time, ms. */
const SAME_DATE = 86_400_000

export const clocksAgree = (a: number, b: number): boolean => Math.abs(a - b) <= SAME_DATE

/**
 * Whether `wait` ms have passed since `at`, a wall-clock time that was stored. One in the future was
 * written by a clock that has been set back since: nothing waits for it.
 */
export const hasPassed = (wait: number, at: number, now: number): boolean =>
  at > now || now - at >= wait
