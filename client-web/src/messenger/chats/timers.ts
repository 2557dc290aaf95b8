/**
 * For how long the messages of each conversation stay. Of all changes, of both people and on all their devices, the
 * latest counts, by the relay's clock. A change of this device has no such time until the relay took it: until then
 * it is in force here, and the others are kept beside it.
 */
import { CachedTable } from '@/messenger/core/cached-table'
import type { Core } from '@/messenger/core/core'
import { isLaterTimer, TIMERS, timers } from '@/messenger/core/expiry-records'
import type { SettledTimer, TimerChange, TimerRecord } from '@/messenger/core/expiry-records'
import type { TurnChanges } from '@/messenger/core/serial'
import type { ConversationId } from '@/messenger/contract'

export class Timers {
  private readonly records = new CachedTable<ConversationId, TimerRecord>(timers, TIMERS)

  constructor(private readonly core: Core) {}

  load(): Promise<void> {
    return this.records.loadSpare(this.core.store, ({ conversation }) => conversation)
  }

  /** For backups and new devices. */
  all(): SettledTimer[] {
    return [...this.records.all.values()].flatMap(({ conversation, settled }) =>
      settled ? [{ conversation, ...settled }] : [],
    )
  }

  /** Of a message that is written now; 0: it stays. */
  seconds(id: ConversationId, within?: TurnChanges): number {
    const record = this.records.get(id, within)
    return record?.waiting?.seconds ?? record?.settled?.seconds ?? 0
  }

  /** The change that the relay dated last. */
  settled(id: ConversationId, within: TurnChanges): TimerChange | null {
    return this.records.get(id, within)?.settled ?? null
  }

  /** A change that the relay dated; an earlier one than the known changes nothing. */
  stageSettled(changes: TurnChanges, id: ConversationId, change: TimerChange): void {
    const record = this.record(changes, id)
    if (!isLaterTimer(change, record.settled)) return
    this.records.stage(changes, id, { ...record, settled: change })
  }

  /** A change of this device, on its way to the relay. */
  stageWaiting(changes: TurnChanges, id: ConversationId, waiting: TimerRecord['waiting']): void {
    this.records.stage(changes, id, { ...this.record(changes, id), waiting })
  }

  /** The content with this id waits no more: the relay took it, or never will. */
  stageArrived(changes: TurnChanges, id: ConversationId, contentId: string): void {
    const record = this.record(changes, id)
    if (record.waiting?.contentId !== contentId) return
    this.records.stage(changes, id, { ...record, waiting: null })
  }

  stageRemoval(changes: TurnChanges, id: ConversationId): void {
    this.records.stageRemoval(changes, id)
  }

  private record(within: TurnChanges, conversation: ConversationId): TimerRecord {
    const known = this.records.get(conversation, within)
    return known ?? { conversation, settled: null, waiting: null }
  }
}
