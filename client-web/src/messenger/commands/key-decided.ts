import type { Services } from '@/messenger/session/services'

/**
 * After the commit of a decision about somebody's key: opens the envelopes held under it and sends
 * what waits. `renewed`: another key is pinned than before.
 */
export async function keyDecided(
  { inbox, outbox }: Services,
  userId: string,
  renewed: boolean,
): Promise<void> {
  await inbox.openHeld(userId)
  if (renewed) await outbox.renew(userId)
  else outbox.resume(userId)
}
