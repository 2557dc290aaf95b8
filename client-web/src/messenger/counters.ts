import type { Store } from '@/storage/store'
import { emptyCounter } from './records'
import type { CounterRecord } from './records'
import { sessionKey } from './sessions'

/** Missing numbers remembered per sending device; more are reported but may come later unseen. */
const KEPT_MISSING = 500

export type Arrival =
  /** `skipped`: how many before it have not come. */
  | { type: 'new'; record: CounterRecord; skipped: number }
  /** One of those that were missing. */
  | { type: 'late'; record: CounterRecord }
  /** Seen before, though its ciphertext was new: somebody repeats it. */
  | { type: 'replay' }

/**
 * What the counter inside a content says. `trustFirst`: this device joined later than the sender
 * began counting, so the first number may be any.
 */
export function arrive(before: CounterRecord, n: number, trustFirst: boolean): Arrival {
  if (n > before.highest) {
    const first = before.highest === 0 && trustFirst
    const skipped = first ? 0 : n - before.highest - 1
    const gaps = Array.from({ length: Math.min(skipped, KEPT_MISSING) }, (_, i) => n - 1 - i)
    const missing = [...before.missing, ...gaps.reverse()].slice(-KEPT_MISSING)
    return { type: 'new', record: { ...before, highest: n, missing }, skipped }
  }
  if (!before.missing.includes(n)) return { type: 'replay' }
  const missing = before.missing.filter((one) => one !== n)
  return { type: 'late', record: { ...before, missing } }
}

export const counterKey = (userId: string, deviceId: number): string =>
  `in/${sessionKey(userId, deviceId)}`

/**
 * Of someone who was removed: the devices heard since. What they sent meanwhile was not wanted, and
 * is not missing once they are a contact again.
 */
export const removedKey = (userId: string): string => `removed/${userId}`

/** What is known of a sending device; of a damaged record, nothing: the next number shows a gap. */
export const readCounter = (
  store: Store,
  userId: string,
  deviceId: number,
): Promise<CounterRecord> => readCount(store, counterKey(userId, deviceId), emptyCounter())

/** What was counted under a key; of a damaged record, nothing. */
export const readCount = async <T>(store: Store, key: string, nothing: T): Promise<T> =>
  (await store.getSpare<T>('counters', key)) ?? nothing
