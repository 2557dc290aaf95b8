import { messageCounters } from '@/messenger/core/stored-records'
import type { Store } from '@/storage/store'
import { emptyCounter } from '@/messenger/core/records'
import type { CounterRecord } from '@/messenger/core/records'
import { readCount, sessionKey } from '@/messenger/core/counter-table'
import type { UserId } from '@/messenger/contract'

/** Stretches of missing numbers remembered per sending device. */
const KEPT_STRETCHES = 500

type Stretch = readonly [from: number, to: number]

export type CounterCheck =
  /** `skipped`: how many before it have not come. */
  | { type: 'new'; record: CounterRecord; skipped: number }
  /** One of those that were missing. */
  | { type: 'late'; record: CounterRecord }
  /** Seen before, though its ciphertext was new: somebody repeats it. */
  | { type: 'replay' }

/**
 * Judges the counter inside a content. `trustFirst`: this device joined later than the sender began
 * counting, so the first number may be any. Numbers too old to be remembered count as late: a message
 * shown twice (its id tells) is better than one lost.
 */
export function checkCounter(before: CounterRecord, n: number, trustFirst: boolean): CounterCheck {
  const missing = before.missing.map((one): Stretch => (typeof one === 'number' ? [one, one] : one))
  if (n > before.highest) {
    const first = before.highest === 0 && trustFirst
    const skipped = first ? 0 : n - before.highest - 1
    if (skipped > 0) missing.push([before.highest + 1, n - 1])
    return { type: 'new', record: bounded({ ...before, highest: n }, missing), skipped }
  }
  const at = missing.findIndex(([from, to]) => from <= n && n <= to)
  const stretch = missing[at]
  if (!stretch) {
    const forgotten = n <= (before.forgotten ?? 0)
    return forgotten ? { type: 'late', record: before } : { type: 'replay' }
  }
  const [from, to] = stretch
  const around: readonly Stretch[] = [
    [from, n - 1],
    [n + 1, to],
  ]
  const left = around.filter(([start, end]) => start <= end)
  return { type: 'late', record: bounded(before, missing.toSpliced(at, 1, ...left)) }
}

/** With the newest stretches; what lies before them is forgotten. */
function bounded(record: CounterRecord, missing: readonly Stretch[]): CounterRecord {
  const surplus = missing.length - KEPT_STRETCHES
  if (surplus <= 0) return { ...record, missing: [...missing] }
  const forgotten = Math.max(record.forgotten ?? 0, missing[surplus - 1]?.[1] ?? 0)
  return { ...record, forgotten, missing: missing.slice(surplus) }
}

/**
 * The number of texts among the skipped numbers; receipts are no messages. `m`: the sender's number of
 * texts so far, this content included; without it every skipped number counts.
 */
export function missedTexts(
  before: CounterRecord,
  { m, isText }: { m: number | undefined; isText: boolean },
  skipped: number,
): number {
  const known = before.highest === 0 ? 0 : before.texts
  if (m === undefined || known === undefined) return skipped
  return Math.min(skipped, Math.max(0, m - known - (isText ? 1 : 0)))
}

export const counterKey = (userId: UserId, deviceId: number): string =>
  `in/${sessionKey(userId, deviceId)}`

/** The counters of a sending device. A damaged record counts as none: the next number shows a gap. */
export const readCounter = (
  store: Store,
  userId: UserId,
  deviceId: number,
): Promise<CounterRecord> =>
  readCount(store, messageCounters, counterKey(userId, deviceId), emptyCounter())
