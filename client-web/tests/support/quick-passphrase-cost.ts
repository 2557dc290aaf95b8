/** In place of `@/crypto/passphrase-cost`: 600,000 rounds take a sixth of a second, and many tests lock. */
export const PASSPHRASE_ITERATIONS = 1_000
