/**
 * Faults of a bundle: a device with a foreign key, a prekey long out of use, a device without KEM prekey
 * though its identity had some. Each is reported once, in the chat and in the security log, and new ones at
 * most `REPORTS_PER_HOUR` times an hour.
 */
import { reportedFaults } from '@/messenger/core/stored-records'
import type { ReportedFaults } from '@/messenger/core/stored-records'
import type { TurnChanges } from '@/messenger/core/serial'
import type { BundleDevice } from '@/wire/types'
import { Budget } from '@/messenger/core/budget'
import type { Chats } from '@/messenger/chats/chats'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import type { NoticeRecord } from '@/messenger/core/message-record'
import { readCount, sessionKey } from '@/messenger/core/counter-table'
import type { People } from '@/messenger/people/people'
import type { SecurityLog } from './security-log'

const DAY = 86_400_000
const REPORTS_PER_HOUR = 10
/** Prekeys remembered per device. */
const KEPT = 20

export class DeviceWatch {
  private readonly budget = new Budget(REPORTS_PER_HOUR, 3_600_000)

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly log: SecurityLog,
  ) {}

  /** Its keys are not signed by its owner's identity. */
  async stageRefused(changes: TurnChanges, userId: UserId, device: number): Promise<void> {
    const reported = await this.reported(userId, device)
    if (reported.refused) return
    const notice: NoticeRecord = { type: 'device_refused', device }
    this.stage(changes, userId, device, { ...reported, refused: true }, notice)
  }

  /** `age` of the prekey, ms. */
  async stageStale(
    changes: TurnChanges,
    userId: UserId,
    { deviceId, signedPrekey: { id } }: BundleDevice,
    age: number,
  ): Promise<void> {
    const reported = await this.reported(userId, deviceId)
    if (reported.stale.includes(id)) return
    const stale = [...reported.stale, id].slice(-KEPT)
    const notice: NoticeRecord = { type: 'stale_prekey', ageDays: Math.floor(age / DAY) }
    this.stage(changes, userId, deviceId, { ...reported, stale }, notice)
  }

  /** A bundle without KEM prekey, or a session of version 3, of an identity that had some. */
  async stageDowngrade(changes: TurnChanges, userId: UserId, device: number): Promise<void> {
    const reported = await this.reported(userId, device)
    if (reported.downgraded) return
    const notice: NoticeRecord = { type: 'downgrade_refused', device }
    this.stage(changes, userId, device, { ...reported, downgraded: true }, notice)
  }

  private stage(
    changes: TurnChanges,
    userId: UserId,
    device: number,
    reported: ReportedFaults,
    notice: Extract<
      NoticeRecord,
      { type: 'device_refused' | 'stale_prekey' | 'downgrade_refused' }
    >,
  ): void {
    const now = this.core.elapsed()
    if (this.budget.exhausted(userId, now)) return
    this.budget.spend(userId, now)
    changes.put('counters', recordKey(userId, device), reported)
    this.log.stage(changes, notice.type, { userId, device })
    if (this.people.find(userId, changes)?.relation === 'contact') {
      this.chats.stageNotice(changes, conversationWith(userId), notice)
    }
  }

  private reported(userId: UserId, device: number): Promise<ReportedFaults> {
    return readCount(this.core.store, reportedFaults, recordKey(userId, device), {
      refused: false,
      stale: [],
    })
  }
}

const recordKey = (userId: UserId, device: number): string => `told/${sessionKey(userId, device)}`
