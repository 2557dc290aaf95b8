import { describe, expect, test } from 'vitest'
import { delay, reconnectBackoff } from '@/messenger/core/backoff'

describe('backoff', () => {
  test('grows to thirty seconds and no further, with jitter', () => {
    expect(delay(reconnectBackoff, 0, () => 1)).toBe(500)
    expect(delay(reconnectBackoff, 0, () => 0)).toBe(250)
    for (let n = 0; n < 50; n++)
      expect(delay(reconnectBackoff, n, () => 1)).toBeLessThanOrEqual(30_000)
  })
})
