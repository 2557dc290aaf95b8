/**
 * Envelopes that outlived the relay's limit before this device fetched them. Nobody here can say
 * from whom they were; so their number stands above the conversations, also after a reload, until
 * the person has taken note. (The gap shows in its conversation once its sender writes again.)
 */
import { expiredNotices } from '@/messenger/core/stored-records'
import type { TurnChanges } from '@/messenger/core/serial'
import { Changes } from '@/storage/changes'
import type { Core } from '@/messenger/core/core'
import type { ExpiredRecord } from '@/messenger/core/records'
import type { SecurityLog } from '@/messenger/keys/security-log'

const RECORD = 'expired'

export class ExpiredNotice {
  private noted: ExpiredRecord | null = null

  constructor(
    private readonly core: Core,
    private readonly log: SecurityLog,
  ) {}

  async load(): Promise<void> {
    this.show(await this.core.store.getSpare(expiredNotices, RECORD))
  }

  /** Adds `count` more to `changes`. */
  stage(changes: TurnChanges, count: number): void {
    const noted: ExpiredRecord = { count: (this.noted?.count ?? 0) + count, at: this.core.now() }
    changes.put('records', RECORD, noted).whenStored(() => this.show(noted))
    this.log.stage(changes, 'messages_expired', { count })
  }

  dismiss(): Promise<void> {
    return this.core.serial.run(async () => {
      await this.core.store.commit(new Changes().remove('records', RECORD))
      this.show(null)
    })
  }

  private show(noted: ExpiredRecord | null): void {
    this.noted = noted
    this.core.view.app({ expired: noted && { count: noted.count, at: noted.at } })
  }
}
