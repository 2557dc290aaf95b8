/** A client as those of builds without KEM prekeys are to others: it publishes none, and sees none. */
import type { Wire } from '@/wire/wire'
import type { TestRelay } from './test-relay'

type Json = Record<string, unknown>

export function withoutKem(relay: TestRelay): Wire {
  const whole = relay.wire()
  return {
    ...whole,
    call: async (request) => {
      const { kem_prekey: _, kem_prekeys: __, ...body } = (request.body ?? {}) as Json
      const answer = (await whole.call({
        ...request,
        ...(request.body !== undefined && { body }),
      })) as Json
      if (request.method === 'GET' && request.path === '/v1/keys') {
        const { kem_prekey_id: id, kem_available: available, ...rest } = answer
        return id === undefined && available === undefined ? answer : rest
      }
      if (!request.path.startsWith('/v1/bundles/')) return answer
      const devices = (answer['devices'] as Json[]).map((one) => ({ ...one, kem_prekey: null }))
      return { ...answer, devices }
    },
  }
}
