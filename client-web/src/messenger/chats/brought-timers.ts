import { isLaterTimer, TIMERS, timers } from '@/messenger/core/expiry-records'
import type { SettledTimer } from '@/messenger/core/expiry-records'
import type { Changes } from '@/storage/changes'
import type { Store } from '@/storage/store'

/** Brings changes of a backup, or of the other device, onto this one; the later of two stays. */
export async function stageBroughtTimers(
  store: Store,
  changes: Changes,
  brought: readonly SettledTimer[],
): Promise<void> {
  for (const { conversation, ...settled } of brought) {
    const known = await store.getSpare(timers, TIMERS + conversation)
    if (!isLaterTimer(settled, known?.settled ?? null)) continue
    changes.put('records', TIMERS + conversation, {
      conversation,
      waiting: null,
      ...known,
      settled,
    })
  }
}
