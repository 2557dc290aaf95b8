/** Of two changes of one thing the later wins: by time, then by device. So all devices agree, in whatever order changes come. */
import type { Change } from '@/messenger/contents/sync/sync'

/** When a thing was changed last, and by which device. */
export type Latest = readonly [at: number, device: number]

export const isLater = ([at, device]: Latest, known: Latest | undefined): boolean => {
  const [time, by] = known ?? [-1, -1]
  return at > time || (at === time && device > by)
}

/** These may be sent twice and in any order; of marks each message has its latest (`marks.ts`). */
const IDEMPOTENT: ReadonlySet<string> = new Set<Change['what']>([
  'read',
  'deleted',
  'history',
  'star',
  'pin_message',
])

/** What a change is about; null for one that replaces nothing. Each setting is a thing of its own. */
export function thingOf(change: Change): string | null {
  if (IDEMPOTENT.has(change.what)) return null
  return change.what === 'setting' ? `setting ${change.name}` : change.what
}
