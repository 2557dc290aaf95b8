/**
 * Notes and shows that another key was seen for a person, and changes nothing else. Until the person
 * decides, further keys update the one notice and the one line of the security log.
 */
import { TurnChanges } from '@/messenger/core/serial'
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import { withSeenKey } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import type { SecurityLog } from './security-log'

export class KeyWatch {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly log: SecurityLog,
  ) {}

  /** Notes the key; the pinned one stays. Nothing happens for a key that is known already. */
  async seen(userId: UserId, identity: PublicKey): Promise<void> {
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      await this.stage(changes, userId, identity)
      await this.core.store.commit(changes)
    })
  }

  /** The same as part of a larger change. */
  async stage(changes: TurnChanges, userId: UserId, identity: PublicKey): Promise<void> {
    const before = this.people.find(userId, changes)
    if (!before) return
    const noted = withSeenKey(before, identity, this.core.now())
    if (noted === before || !noted.changed || equal(identity, before.identity)) return
    const { notice, event } = noted.changed
    const [noticeId, eventId] = [notice ?? crypto.randomUUID(), event ?? crypto.randomUUID()]
    const count = noted.changed.times ?? 1
    this.people.stage(changes, {
      ...noted,
      changed: { ...noted.changed, notice: noticeId, event: eventId },
    })
    const changed = { type: 'identity_changed', count } as const
    await this.chats.stageUpdatedNotice(changes, conversationWith(userId), noticeId, changed)
    // Strangers may change their keys as they like, and in any number.
    if (before.relation === 'contact') {
      const about = { userId, identity, ...(count > 1 && { count }) }
      this.log.stage(changes, 'identity_changed', about, eventId)
    }
  }
}
