/**
 * Waits are measured by elapsed time, never by the wall clock, which people, time servers and empty batteries
 * change. The lock, limits, budgets and the banner share one clock.
 */

/** Milliseconds since some moment; never decreases. */
export type Elapsed = () => number

/** Greater than the drift of the two clocks between two readings, ms. */
const DRIFT = 1_000

/**
 * Uses the browser's monotonic clock, which may stop while the device sleeps. If the wall clock moves ahead of it,
 * the difference counts as sleep: a lock then closes too early rather than too late. A wall clock that is set back
 * changes nothing.
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

/** The page's clock. */
export const elapsed = steadyClock()

/** Two wall clocks that differ by more are not considered in agreement, ms. */
const SAME_DATE = 86_400_000

export const clocksAgree = (a: number, b: number): boolean => Math.abs(a - b) <= SAME_DATE

/**
 * Whether `wait` ms have passed since `at`, a stored wall-clock time. A time in the future was stored before the
 * clock was set back: it does not delay anything.
 */
export const hasPassed = (wait: number, at: number, now: number): boolean =>
  at > now || now - at >= wait
