import { expect, test } from 'vitest'
import type { SecurityEvent } from '@/messenger/contract'
import { surplus } from '@/messenger/keys/security-log'

const event = (id: number, type: SecurityEvent['type']) =>
  ({ id: String(id), type }) as SecurityEvent

test('what anybody can cause at will never displaces what happened to keys', () => {
  const flood = Array.from({ length: 5_000 }, (_, i) => event(i, 'undecryptable'))
  const changes = [event(6_000, 'identity_changed'), event(6_001, 'identity_created')]
  const gone = surplus([...flood, ...changes])
  expect(gone).toEqual(flood.slice(200))
})

test('the log is bounded in each kind; the oldest go first', () => {
  const keys = Array.from({ length: 600 }, (_, i) => event(i, 'identity_changed'))
  expect(surplus(keys)).toEqual(keys.slice(500))
  expect(surplus(keys.slice(0, 500))).toEqual([])
})
