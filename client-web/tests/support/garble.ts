import { own } from '@/crypto/bytes'
import type { Client } from './client'
import type { TestRelay } from './test-relay'

/** Envelopes from `from` to `to` are garbled while `garbling.on`; returns what was. */
export function garble(relay: TestRelay, from: Client, to: Client) {
  const garbling = { on: true, count: 0 }
  relay.onEnvelope = (one, user) => {
    if (!garbling.on || user.name !== to.name || one.from.user_id !== from.userId) return [one]
    garbling.count += 1
    const body = own(one.body)
    body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1
    return [{ ...one, body }]
  }
  return garbling
}
