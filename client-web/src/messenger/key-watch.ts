/** What happens when another key is seen for someone: it is noted, shown, and nothing more. */
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/engine'
import { Changes } from '@/storage/changes'
import type { Chats } from './chats'
import type { Core } from './core'
import { withSeenKey } from './people'
import type { People } from './people'
import type { ContactRecord } from './records'
import type { SecurityLog } from './security-log'

export class KeyWatch {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly log: SecurityLog,
  ) {}

  /** Notes the key; the pinned one stays. Nothing happens for a key that is known already. */
  async seen(userId: string, identity: PublicKey): Promise<void> {
    await this.core.serial.run(async () => {
      const changes = new Changes()
      const show = this.stage(changes, userId, identity, (person) => person)
      await this.core.store.commit(changes)
      show()
    })
  }

  /** The same as part of a larger change; `adjust` may alter the contact further. */
  stage(
    changes: Changes,
    userId: string,
    identity: PublicKey,
    adjust: (person: ContactRecord) => ContactRecord,
  ): () => void {
    const before = this.people.find(userId, changes)
    if (!before) return () => undefined
    const noted = withSeenKey(before, identity, this.core.now())
    const news = noted !== before && !equal(identity, before.identity)
    const shows = [this.people.stage(changes, adjust(noted))]
    if (news) {
      shows.push(this.chats.stageNotice(changes, userId, { type: 'identity_changed' }))
      shows.push(this.log.stage(changes, 'identity_changed', { userId, identity }))
    }
    return () => shows.forEach((show) => show())
  }
}
