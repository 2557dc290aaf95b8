import { expect, test } from 'vitest'
import { missingIn } from '@/platform/requirements'

const whole = {
  isSecureContext: true,
  crypto: { subtle: {} },
  indexedDB: {},
  navigator: { locks: {} },
  BroadcastChannel: () => undefined,
  Worker: () => undefined,
}
const without = (over: object): typeof globalThis => ({ ...whole, ...over }) as never

test('a whole browser at a secure address lacks nothing', () => {
  expect(missingIn(without({}))).toBeNull()
})

test('what is missing is named by what the person can do about it', () => {
  // An address by name or number without https: most of the rest is missing for that reason.
  const insecure = { isSecureContext: false, crypto: {}, navigator: {} }
  expect(missingIn(without(insecure))).toBe('secure_context')
  expect(missingIn(without({ indexedDB: undefined }))).toBe('storage')
  expect(missingIn(without({ crypto: {} }))).toBe('browser')
  expect(missingIn(without({ navigator: {} }))).toBe('browser')
  expect(missingIn(without({ BroadcastChannel: undefined }))).toBe('browser')
  expect(missingIn(without({ Worker: undefined }))).toBe('browser')
})

test('a browser that forbids storage by throwing lacks storage', () => {
  const forbidding = Object.defineProperty({ ...whole }, 'indexedDB', {
    get() {
      throw new DOMException('The operation is insecure.', 'SecurityError')
    },
  })
  expect(missingIn(forbidding as never)).toBe('storage')
})
