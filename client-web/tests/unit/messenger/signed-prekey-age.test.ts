import { describe, expect, test } from 'vitest'
import { signedPrekeyAge, signedPrekeyId, STALE_AFTER } from '@/messenger/keys/signed-prekey-age'

const DAY = 86_400_000

describe('signed prekeys carry their time', () => {
  const now = Date.parse('2026-06-01')
  test('threat 5: a sixty-day-old one is stale, a fresh one is not', () => {
    expect(signedPrekeyAge(signedPrekeyId(now - 60 * DAY, 0), now)).toBeGreaterThan(STALE_AFTER)
    expect(signedPrekeyAge(signedPrekeyId(now - DAY, 0), now)).toBeLessThan(STALE_AFTER)
  })
  test('ids only grow, fit libsignal, and small ones say nothing', () => {
    expect(signedPrekeyId(now, 0)).toBeLessThan(0xffffff)
    expect(signedPrekeyId(now, 900_000)).toBe(900_001)
    expect(signedPrekeyAge(7, now)).toBeNull()
    expect(signedPrekeyAge(0xffffff, now)).toBeNull()
  })
})
