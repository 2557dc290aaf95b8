import { expect, test } from 'vitest'
import { RelayError } from '@/wire/errors'
import { lifetime, TokenKeeper } from '@/wire/tokens'
import type { SessionTokens } from '@/wire/types'

const jwt = (seconds: number) => `h.${btoa(JSON.stringify({ iat: 1000, exp: 1000 + seconds }))}.s`
const tokens = (n: number, seconds = 900): SessionTokens => ({
  user_id: 'u',
  device_id: 1,
  session_id: 's',
  access_token: jwt(seconds) + n,
  access_expires_at: 900_000,
  refresh_token: `refresh-${n}`,
  refresh_expires_at: 1e12,
})

function setUp(refresh: (token: string) => Promise<SessionTokens>) {
  const log: string[] = []
  let now = 0
  const keeper = new TokenKeeper(tokens(1), {
    refresh: (token) => (log.push(`refresh ${token}`), refresh(token)),
    save: async (saved) => void log.push(`save ${saved.refresh_token}`),
    ended: (code) => void log.push(`ended ${code}`),
    now: () => now,
  })
  return { log, keeper, at: (time: number) => (now = time) }
}

test('a fresh token is used as it is; an old one is renewed once, saved before it is used', async () => {
  const { keeper, log, at } = setUp(async () => tokens(2))
  expect(await keeper.access()).toBe(tokens(1).access_token)
  at(850_000)
  const both = await Promise.all([keeper.access(), keeper.access()])
  expect(both).toEqual([tokens(2).access_token, tokens(2).access_token])
  expect(log).toEqual(['refresh refresh-1', 'save refresh-2'])
})

test("the relay's clock is known from its newest token, whatever this device's clock says", async () => {
  const { keeper, at } = setUp(async () => ({ ...tokens(2), access_expires_at: 40 * 86_400_000 }))
  at(850_000)
  await keeper.access()
  const told = 40 * 86_400_000 - 900_000
  expect(Math.round((keeper.relayTime() - told) / 10_000)).toBe(0)
  at(1_150_000)
  expect(Math.round((keeper.relayTime() - told) / 10_000)).toBe(30)
})

test('threat 20: after a lost answer the same refresh token is used again', async () => {
  let lost = true
  const { keeper, log } = setUp(async () => {
    if (!lost) return tokens(2)
    lost = false
    throw new RelayError('no_answer')
  })
  await expect(keeper.renew()).rejects.toMatchObject({ code: 'no_answer' })
  await keeper.renew()
  expect(log).toEqual(['refresh refresh-1', 'refresh refresh-1', 'save refresh-2'])
})

test('a renewal that lies in a dead network keeps no later one waiting, and its late answer changes nothing', async () => {
  const answers: ((result: SessionTokens | RelayError) => void)[] = []
  const { keeper, log } = setUp(
    () =>
      new Promise((done, fail) => {
        answers.push((result) => (result instanceof RelayError ? fail(result) : done(result)))
      }),
  )
  const stuck = keeper.renew()
  keeper.giveUpRenewal()
  const next = keeper.renew()
  expect(answers).toHaveLength(2)
  expect(keeper.renew()).toBe(next)
  answers[1]?.(tokens(3))
  expect(await next).toBe(tokens(3).access_token)
  answers[0]?.(tokens(2))
  expect(await stuck).toBe(tokens(3).access_token)
  expect(await keeper.access()).toBe(tokens(3).access_token)
  expect(log).toEqual(['refresh refresh-1', 'refresh refresh-1', 'save refresh-3'])

  const again = keeper.renew()
  keeper.giveUpRenewal()
  const last = keeper.renew()
  answers[3]?.(tokens(4))
  await last
  answers[2]?.(new RelayError('token_reused'))
  await expect(again).rejects.toMatchObject({ code: 'token_reused' })
  expect(log.at(-1)).toBe('save refresh-4')
})

test.each(['token_expired', 'token_reused'] as const)('%s ends the session', async (code) => {
  const { keeper, log } = setUp(async () => {
    throw new RelayError(code)
  })
  await expect(keeper.renew()).rejects.toMatchObject({ code })
  expect(log.at(-1)).toBe(`ended ${code}`)
})

test("a token's lifetime comes from itself, not from this device's clock", () => {
  expect(lifetime(tokens(1, 300))).toBe(300_000)
  expect(lifetime({ ...tokens(1), access_token: 'opaque' })).toBe(900_000)
})
