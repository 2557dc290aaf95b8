import { expect, test } from 'vitest'
import type { SecurityEvent } from '@/messenger/contract'
import { SecurityLog, surplus } from '@/messenger/keys/security-log'

const event = (id: number, type: SecurityEvent['type']) =>
  ({ id: String(id), type }) as SecurityEvent

test('what anybody can cause at will never displaces what happened to keys', () => {
  const flood = Array.from({ length: 5_000 }, (_, i) => event(i, 'undecryptable'))
  const changes = [event(6_000, 'identity_changed'), event(6_001, 'identity_created')]
  const gone = surplus([...flood, ...changes])
  expect(gone).toEqual(flood.slice(200))
})

test('an event of a type that a newer build wrote is kept and not shown', async () => {
  const shown: (readonly SecurityEvent[])[] = []
  const record = {
    at: 1,
    userId: null,
    username: null,
    device: null,
    fingerprint: null,
    count: null,
  }
  const all = async () => [
    { ...record, id: 'newer', type: 'not_known_yet' },
    { ...record, id: 'known', type: 'login' },
  ]
  const core = {
    store: { all },
    view: { security: (events: SecurityEvent[]) => shown.push(events) },
  }
  await new SecurityLog(core as never, {} as never).load()
  expect(shown).toEqual([[{ ...record, id: 'known', type: 'login' }]])
})

test('the log is bounded in each kind; the oldest go first', () => {
  const keys = Array.from({ length: 600 }, (_, i) => event(i, 'identity_changed'))
  expect(surplus(keys)).toEqual(keys.slice(500))
  expect(surplus(keys.slice(0, 500))).toEqual([])
})
