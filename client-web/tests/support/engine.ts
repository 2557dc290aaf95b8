import type { CryptoEngine, DecryptRequest } from '@/crypto/engine'

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
