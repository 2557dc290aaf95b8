import { onTestFinished, vi } from 'vitest'

/**
 * Time passes so many times faster, until the test is over: for tests that wait for a limit or for
 * another attempt. A client that looks at the clock as well needs `now`.
 */
export function hurry(times: number): { now: () => number } {
  const start = Date.now()
  const wait = globalThis.setTimeout
  const hurried = vi
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((run: TimerHandler, ms = 0, ...given: unknown[]) =>
      wait(run, ms / times, ...given)) as typeof setTimeout)
  onTestFinished(() => void hurried.mockRestore())
  return { now: () => start + (Date.now() - start) * times }
}
