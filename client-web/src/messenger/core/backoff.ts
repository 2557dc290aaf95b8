export interface Backoff {
  first: number
  factor: number
  most: number
}

export const reconnectBackoff: Backoff = { first: 500, factor: 2, most: 30_000 }

/** Wait before attempt `n` (0: the first again), between half and all of the step. */
export function delay(backoff: Backoff, attempt: number, random: () => number = Math.random) {
  const step = Math.min(backoff.most, backoff.first * backoff.factor ** attempt)
  return step * (0.5 + random() / 2)
}
