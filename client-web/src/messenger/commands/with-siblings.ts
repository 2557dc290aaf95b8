import type { Change } from '@/messenger/contents/sync/sync'
import { TurnChanges } from '@/messenger/core/serial'
import type { UserId } from '@/messenger/contract'
import type { Services } from '@/messenger/session/services'

/**
 * Commits what `stage` adds together with a sync message to one's own other devices. No sync message is
 * sent about a person who is not known here.
 */
export function withSiblings(
  { core, people, sync }: Services,
  userId: UserId | null,
  change: Change,
  stage: (changes: TurnChanges) => void | Promise<void>,
): Promise<void> {
  return core.serial.run(async (turn) => {
    const changes = new TurnChanges(turn)
    const isOneself = userId === core.account.userId
    const person = isOneself ? people.oneself : userId === null ? undefined : people.find(userId)
    await stage(changes)
    if (person) sync.stage(changes, person, change)
    await core.store.commit(changes)
  })
}
