/** Tokens of an open connection, with a clock that the test moves. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Core } from '@/messenger/core'
import { Link } from '@/messenger/link'
import { steadyClock } from '@/platform/clock'
import { RelayError } from '@/wire/errors'
import { TokenKeeper } from '@/wire/tokens'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000_000 }))
afterEach(() => void vi.useRealTimers())

const tokens = (serial: number, left = 15 * MINUTE) => ({
  user_id: 'u',
  device_id: 1,
  session_id: 's',
  access_token: `access-${serial}`,
  access_expires_at: Date.now() + left,
  refresh_token: `refresh-${serial}`,
  refresh_expires_at: Date.now() + 1e9,
})

function connected(left?: number, refusals: RelayError[] = []) {
  const attempts: number[] = []
  const given: string[] = []
  const failing = { times: 0 }
  let serial = 1
  const keeper = new TokenKeeper(tokens(1, left), {
    refresh: async () => {
      if (failing.times-- > 0) throw new RelayError('no_answer')
      return tokens(++serial)
    },
    save: async () => undefined,
    ended: () => undefined,
  })
  const core = { socket: null, elapsed: steadyClock(), view: { connection: () => undefined } }
  const nothing = () => undefined
  const link = new Link(
    core as unknown as Core,
    {
      call: async () => null,
      connect: (_token, on) => {
        attempts.push(Date.now())
        const refusal = refusals.shift()
        queueMicrotask(() => (refusal ? on.refused(refusal) : on.opened()))
        return {
          refresh: async (token: string) => void given.push(token),
          close: nothing,
        } as never
      },
    },
    keeper,
    {
      opened: nothing,
      caughtUp: async () => undefined,
      lost: nothing,
      ended: nothing,
      envelopes: nothing,
      expired: nothing,
      presence: nothing,
      ephemeral: nothing,
      prekeysLow: nothing,
    },
  )
  link.start()
  return { link, given, failing, attempts }
}

test('the open connection gets a new token before its own ends, again and again', async () => {
  const { link, given } = connected()
  await vi.advanceTimersByTimeAsync(13 * MINUTE)
  expect(given).toEqual([])
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(given).toEqual(['access-2'])
  await vi.advanceTimersByTimeAsync(14 * MINUTE)
  expect(given).toEqual(['access-2', 'access-3'])
  link.stop()
})

test('a token that was half used before a reload is renewed in time', async () => {
  const { link, given } = connected(5 * MINUTE)
  await vi.advanceTimersByTimeAsync(4 * MINUTE)
  expect(given).toEqual(['access-2'])
  link.stop()
})

test('a refresh that fails is tried again while the old token lasts', async () => {
  const { link, given, failing } = connected()
  failing.times = 3
  await vi.advanceTimersByTimeAsync(15 * MINUTE - 1_000)
  expect(given).toEqual(['access-2'])
  link.stop()
})

test('a network that comes back ends a wait of our own, never one the relay asked for', async () => {
  const refusals = [new RelayError('rate_limited', 'slow', 30_000), new RelayError('no_answer')]
  const { link, attempts } = connected(undefined, refusals)
  await vi.advanceTimersByTimeAsync(1_000)
  dispatchEvent(new Event('online'))
  link.now()
  await vi.advanceTimersByTimeAsync(28_000)
  expect(attempts).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1_001)
  expect(attempts).toHaveLength(2)
  dispatchEvent(new Event('online'))
  await vi.advanceTimersByTimeAsync(1)
  expect(attempts).toHaveLength(3)
  link.stop()
})

test('a relay that is away is given the time it asks for, and more each time, never the same for all', async () => {
  const away = () => new RelayError('unavailable', 'away', 1_000)
  const { link, attempts } = connected(undefined, [away(), away(), away()])
  await vi.advanceTimersByTimeAsync(MINUTE)
  const waits = attempts.slice(1).map((at, index) => at - Number(attempts[index]))
  expect(waits).toHaveLength(3)
  for (const [index, wait] of waits.entries()) {
    const step = 500 * 2 ** index
    expect(wait).toBeGreaterThanOrEqual(1_000 + step / 2)
    expect(wait).toBeLessThanOrEqual(1_000 + step)
  }
  link.stop()
})
