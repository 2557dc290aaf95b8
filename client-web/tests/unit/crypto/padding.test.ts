import { expect, test } from 'vitest'
import { random } from '@/crypto/bytes'
import { pad, unpad } from '@/crypto/padding'

test('every length comes back and shows only its block', () => {
  for (let length = 0; length <= 480; length++) {
    const content = random(length)
    const padded = pad(content)
    expect(padded.length % 160).toBe(0)
    expect(padded.length - length).toBeGreaterThan(0)
    expect(padded.length - length).toBeLessThanOrEqual(160)
    expect(unpad(padded)).toEqual(content)
  }
})

test('anything else is not padding', () => {
  expect(unpad(new Uint8Array(0))).toBeNull()
  expect(unpad(new Uint8Array(160))).toBeNull()
  expect(unpad(pad(random(10)).slice(0, 100))).toBeNull()
  const wrong = pad(random(10))
  wrong[159] = 1
  expect(unpad(wrong)).toBeNull()
  // A whole superfluous block.
  const long = new Uint8Array(320)
  long[3] = 0x80
  expect(unpad(long)).toBeNull()
})
