import type { CryptoEngine, DecryptRequest } from '@/crypto/engine'

const begin = (): Worker =>
  new Worker(new URL('../../src/crypto/worker.ts', import.meta.url), { type: 'module' })

/**
 * One engine thread for all clients of a page: loading it takes longer than all that a test asks of
 * it, and it keeps nothing from one call to the next.
 */
let begun: Worker | null = null

/** What a client has for a thread of its own: once ended it is heard no more; others go on. */
export function engineThread(): Worker {
  const thread = (begun ??= begin())
  const ended = new AbortController()
  const { signal } = ended
  return {
    postMessage(message: unknown, transfer: Transferable[] = []) {
      if (!signal.aborted) thread.postMessage(message, transfer)
    },
    addEventListener(type: string, listener: EventListener) {
      thread.addEventListener(type, listener, { signal })
    },
    terminate: () => ended.abort(),
  } as Worker
}

/** Above what a client replenishes at; a whole batch is many times what a test uses. */
const FEW_PREKEYS = 25

export const withFewPrekeys = (real: CryptoEngine): CryptoEngine => ({
  ...real,
  createPrekeys: (first, count) => real.createPrekeys(first, Math.min(count, FEW_PREKEYS)),
})

/** An engine that takes a step before it decrypts: one that waits, counts or fails. */
export const beforeDecrypting =
  (step: (request: DecryptRequest) => void | Promise<void>) =>
  (real: CryptoEngine): CryptoEngine => ({
    ...real,
    decrypt: async (request) => {
      await step(request)
      return real.decrypt(request)
    },
  })
