/** What a transfer waits for, and what does not pass. */
import { describe, expect, test } from 'vitest'
import { refusal, Waits } from '@/files/waits'
import { RelayError } from '@/wire/errors'

const waits = () => new Waits(() => 1)

test.each([
  [429, '{"code":"rate_limited","retry_after_ms":1500}', null, 1_500],
  [429, '{"code":"rate_limited"}', '7', 7_000],
  [429, '<html>', '3', 3_000],
  [503, '{"code":"unavailable"}', '60', 60_000],
  [503, '', null, 1_000],
  [502, 'Bad gateway', null, 1_000],
  [500, '{"code":"internal"}', null, 1_000],
  [409, '{"code":"offset_mismatch","offset":5}', null, 1_000],
  [408, '{"code":"invalid"}', null, 1_000],
  [423, '', null, 1_000],
])('%i %s is tried again', (status, body, header, wait) => {
  expect(waits().before(refusal(status, body, header))).toBe(wait)
})

test.each([
  [413, '{"code":"too_large"}', 'too_large'],
  [413, '<html>', 'too_large'],
  [507, '{"code":"storage_full"}', 'storage_full'],
  [404, '{"code":"not_found"}', 'not_found'],
  [404, '', 'not_found'],
  [401, '{"code":"token_expired"}', 'token_expired'],
  [401, '', 'unauthorized'],
  [422, '{"code":"invalid"}', 'invalid'],
])('%i %s is not', (status, body, code) => {
  const error = refusal(status, body, null)
  expect(error.code).toBe(code)
  expect(waits().before(error)).toBeNull()
})

describe('a cut line', () => {
  const cut = new RelayError('no_answer')
  test('is waited for longer each time, half a minute at most, and anew once bytes came through', () => {
    const patient = waits()
    const all = Array.from({ length: 7 }, () => patient.before(cut))
    expect(all).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(patient.gained()).toBe(true)
    expect(patient.gained()).toBe(false)
    expect(patient.before(cut)).toBe(1_000)
  })
  test('is told from a fault of ours', () => {
    expect(waits().before(new TypeError('bug'))).toBeNull()
  })
})
