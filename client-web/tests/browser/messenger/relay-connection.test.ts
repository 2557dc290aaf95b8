/** Tokens of an open connection, with a clock that the test moves. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Core } from '@/messenger/core/core'
import { RelayConnection } from '@/messenger/session/relay-connection'
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
  /** What the network does: nothing at all comes through a black hole. */
  const network = { blackHole: false }
  const nothing = () => undefined
  const states: string[] = []
  let serial = 1
  const keeper = new TokenKeeper(tokens(1, left), {
    refresh: async () => {
      if (network.blackHole) return new Promise(nothing)
      if (failing.times-- > 0) throw new RelayError('no_answer')
      return tokens(++serial)
    },
    save: async () => undefined,
    ended: () => undefined,
  })
  const core = {
    socket: null,
    elapsed: steadyClock(),
    account: { userId: 'u' },
    view: { connection: ({ state }: { state?: string }) => void (state && states.push(state)) },
  }
  const link = new RelayConnection(
    core as unknown as Core,
    {
      connect: (_token, on) => {
        attempts.push(Date.now())
        const refusal = refusals.shift()
        if (network.blackHole) {
          setTimeout(() => on.refused(new RelayError('no_answer')), 10_000)
        } else {
          queueMicrotask(() => {
            if (refusal) return on.refused(refusal)
            on.opened()
            on.caughtUp(0)
          })
        }
        return {
          ephemeral: () => (network.blackHole ? new Promise(nothing) : Promise.resolve()),
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
  return { link, given, failing, attempts, network, states }
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

describe('somebody looks again', () => {
  test.each([
    ['the page is seen', () => document.dispatchEvent(new Event('visibilitychange'))],
    ['it is turned to', () => dispatchEvent(new FocusEvent('focus'))],
    ['it comes out of the cache', () => dispatchEvent(new PageTransitionEvent('pageshow'))],
    ['it goes on after it was frozen', () => document.dispatchEvent(new Event('resume'))],
    ['the network is back', () => dispatchEvent(new Event('online'))],
  ])('when %s after three minutes of black hole it is online within 5 seconds', async (_, look) => {
    const { link, network, states, attempts } = connected()
    await vi.advanceTimersByTimeAsync(1_000)
    network.blackHole = true
    await vi.advanceTimersByTimeAsync(3 * MINUTE)
    expect(states.at(-1)).toBe('online')
    look()
    // What went into the hole stays there; the network is back for what is new.
    network.blackHole = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(attempts).toHaveLength(2)
    expect(states.at(-1)).toBe('online')
    link.stop()
  })

  test('a living connection stays, however often somebody looks', async () => {
    const { link, attempts } = connected()
    for (let i = 0; i < 50; i++) {
      await vi.advanceTimersByTimeAsync(11_000)
      dispatchEvent(new FocusEvent('focus'))
    }
    await vi.advanceTimersByTimeAsync(5_000)
    expect(attempts).toHaveLength(1)
    link.stop()
  })

  test('an attempt that began in the black hole is given up for a new one', async () => {
    const { link, network, states, attempts } = connected()
    network.blackHole = true
    await vi.advanceTimersByTimeAsync(1_000)
    dispatchEvent(new Event('online'))
    link.reconnect()
    await vi.advanceTimersByTimeAsync(4_000)
    expect(states.at(-1)).toBe('connecting')
    network.blackHole = false
    const before = attempts.length
    dispatchEvent(new FocusEvent('focus'))
    await vi.advanceTimersByTimeAsync(1)
    expect(attempts).toHaveLength(before + 1)
    expect(states.at(-1)).toBe('online')
    link.stop()
  })

  test('an attempt that began in the black hole just now is given up a moment later', async () => {
    const { link, network, states, attempts } = connected()
    await vi.advanceTimersByTimeAsync(1_000)
    network.blackHole = true
    link.reconnect()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(attempts).toHaveLength(2)
    network.blackHole = false
    dispatchEvent(new FocusEvent('focus'))
    await vi.advanceTimersByTimeAsync(1)
    expect(attempts).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(attempts).toHaveLength(3)
    expect(states.at(-1)).toBe('online')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(attempts).toHaveLength(3)
    link.stop()
  })

  test('a renewal of the token that went into the black hole keeps nobody waiting', async () => {
    const { link, network, states, attempts } = connected(2 * MINUTE)
    await vi.advanceTimersByTimeAsync(1_000)
    network.blackHole = true
    await vi.advanceTimersByTimeAsync(3 * MINUTE)
    dispatchEvent(new FocusEvent('focus'))
    network.blackHole = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(attempts).toHaveLength(2)
    expect(states.slice(-3)).toEqual(['connecting', 'catching_up', 'online'])
    link.stop()
  })

  test('after a hole of any length, through which attempts timed out', async () => {
    const { link, network, states } = connected()
    for (const seconds of [60, 80, 100, 120]) {
      await vi.advanceTimersByTimeAsync(61_000)
      network.blackHole = true
      link.reconnect()
      await vi.advanceTimersByTimeAsync(seconds * 1_000)
      network.blackHole = false
      dispatchEvent(new FocusEvent('focus'))
      await vi.advanceTimersByTimeAsync(5_000)
      expect(states.at(-1), `after ${seconds} s`).toBe('online')
    }
    link.stop()
  })

  test('never into the limits: a relay that drops every connection sees fewer than ten a minute', async () => {
    const away = Array.from({ length: 500 }, () => new RelayError('no_answer'))
    const { link, attempts } = connected(undefined, away)
    for (let i = 0; i < 240; i++) {
      await vi.advanceTimersByTimeAsync(500)
      dispatchEvent(new FocusEvent('focus'))
    }
    for (const [index, at] of attempts.entries()) {
      const within = attempts.slice(index).filter((later) => later < at + MINUTE)
      expect(within.length).toBeLessThan(10)
    }
    link.stop()
  })
})
