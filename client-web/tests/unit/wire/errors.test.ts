import { expect, test } from 'vitest'
import { Answer } from '@/wire/check'
import { toRelayError } from '@/wire/errors'
import { readBundle, readContact, readEnvelopes } from '@/wire/read'

test('problem documents become typed errors', () => {
  const error = toRelayError({ code: 'rate_limited', detail: 'slow', retry_after_ms: 1500 }, 429)
  expect(error).toMatchObject({ code: 'rate_limited', message: 'slow', retryAfter: 1500 })
  expect(toRelayError({ code: 'device_mismatch', missing: [2] }).details['missing']).toEqual([2])
})

test('answers of anything between us and the relay become typed errors too', () => {
  expect(toRelayError(null, 502).code).toBe('unavailable')
  expect(toRelayError('<html>', 503).code).toBe('unavailable')
  expect(toRelayError({}, 429).code).toBe('rate_limited')
  expect(toRelayError({ code: 'made_up' }, 418).code).toBe('bad_answer')
  const waitFor = (wait: unknown): number | null =>
    toRelayError({ code: 'rate_limited', retry_after_ms: wait }).retryAfter
  for (const none of [-5, NaN, '5']) expect(waitFor(none)).toBeNull()
  // No longer than a timer can wait: one that overflows fires at once, again and again.
  for (const long of [2 ** 31, 1e18, Infinity]) expect(waitFor(long)).toBe(86_400_000)
})

test('an answer that breaks the contract names the field', () => {
  const broken = { user_id: '2'.repeat(8), username: 'a', identity_key: '' }
  expect(() => readBundle(broken)).toThrow('$.user_id')
  const [user, key] = [crypto.randomUUID(), btoa('\x05'.padEnd(33, 'k'))]
  const named = (username: string) => ({ user_id: user, username, identity_key: key })
  expect(readContact(named('anna_1')).username).toBe('anna_1')
  for (const bad of ['Anna', 'an', 'anna\u202e', '@anna', '', 'a'.repeat(33)]) {
    expect(() => readContact(named(bad)), bad).toThrow('$.username')
  }
  expect(() => readEnvelopes([{ seq: 1.5 }])).toThrow('$[0].seq')
  expect(() => new Answer({ key: 'AAAA' }).field('key').base64(33)).toThrow('33 bytes')
  expect(() => new Answer('x').field('y')).toThrow('an object')
})
