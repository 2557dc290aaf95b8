import type { DecryptRequest, SealedEngine } from '@/crypto/engine/engine'

const begin = (): Worker =>
  new Worker(new URL('./shared-engine.ts', import.meta.url), { type: 'module' })

/**
 * One worker for all clients of a page, in which each has an engine and a safe of its own: loading it
 * takes longer than all that a test asks of it.
 */
let begun: Worker | null = null

/** What a client has for a thread of its own: once ended it is heard no more; others go on. */
export function engineThread(): Worker {
  const { port1, port2 } = new MessageChannel()
  begun ??= begin()
  begun.postMessage(port2, [port2])
  port1.start()
  return Object.assign(port1, { terminate: () => port1.close() }) as unknown as Worker
}

/** Above what a client replenishes at; a whole batch is many times what a test uses. */
const FEW_PREKEYS = 25

export const withFewPrekeys = (real: SealedEngine): SealedEngine => ({
  ...real,
  createPrekeys: (first, count) => real.createPrekeys(first, Math.min(count, FEW_PREKEYS)),
})

/** An engine that takes a step before it decrypts: one that waits, counts or fails. */
export const beforeDecrypting =
  (step: (request: DecryptRequest) => void | Promise<void>) =>
  (real: SealedEngine): SealedEngine => ({
    ...real,
    decrypt: async (request) => {
      await step(request)
      return real.decrypt(request)
    },
  })
