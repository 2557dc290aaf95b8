import { onTestFinished, vi } from 'vitest'

/**
 * Long waits pass so many times faster, until the test is over: for tests that wait for a limit or
 * for another attempt. Those of less than `least` ms stay as they are, so that a machine that is
 * busy is not taken for one that does not answer. A client that looks at the clock as well needs
 * `now`.
 */
export function hurry(times: number, least = 500): { now: () => number } {
  const start = Date.now()
  const wait = globalThis.setTimeout
  const hurried = vi
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((run: TimerHandler, ms = 0, ...given: unknown[]) =>
      wait(run, ms < least ? ms : ms / times, ...given)) as typeof setTimeout)
  onTestFinished(() => void hurried.mockRestore())
  return { now: () => start + (Date.now() - start) * times }
}
