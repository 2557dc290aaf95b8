/**
 * When messages disappear. The time stands in the message and, so that none has to be read to know the next, in a
 * table beside. Both are by the relay's clock: this device's own may be set. Invariant: of each message that disappears
 * and was received there is a record until it is gone, so that none stays for want of being counted as unread.
 */
import { CachedTable } from '@/messenger/core/cached-table'
import type { Core } from '@/messenger/core/core'
import { deadlines } from '@/messenger/core/expiry-records'
import type { DeadlineRecord } from '@/messenger/core/expiry-records'
import { refKey } from '@/messenger/core/message-record'
import type { MessageRecord, MessageRef } from '@/messenger/core/message-record'
import type { ConversationId } from '@/messenger/contract'
import type { RelayClock } from '@/messenger/core/relay-clock'
import type { TurnChanges } from '@/messenger/core/serial'

/** Clocks differ by less, ms. */
const AHEAD = 3_600_000

export class Deadlines {
  private readonly records = new CachedTable<string, DeadlineRecord>(deadlines)
  /** Called when a message has got its time, after the commit. */
  added: () => void = () => undefined

  constructor(
    private readonly core: Core,
    private readonly relayClock: RelayClock,
  ) {}

  async load(): Promise<void> {
    const all = await this.core.store.all(deadlines)
    for (const record of all) this.records.load(refKey(record), record)
  }

  /** The relay's clock, as far as it is known; never before the newest time that it gave. */
  now(): number {
    return Math.max(this.core.api.relayTime(), this.relayClock.last ?? 0)
  }

  /** When the next message goes; `Infinity`: none does. */
  next(): number {
    let next = Infinity
    for (const { at } of this.records.all.values()) next = Math.min(next, at ?? Infinity)
    return next
  }

  due(): DeadlineRecord[] {
    const now = this.now()
    return [...this.records.all.values()].filter(({ at }) => at !== null && at <= now)
  }

  /** Those whose time began later than now: a clock was wrong. */
  late(): DeadlineRecord[] {
    const latest = this.now() + AHEAD
    return [...this.records.all.values()].filter(
      ({ at, seconds }) => at !== null && at - seconds * 1000 > latest,
    )
  }

  /** Received messages of the conversation that were not read yet. */
  unread(conversation: ConversationId, within: TurnChanges): DeadlineRecord[] {
    return [...this.records.all].flatMap(([key, { conversation: its }]) => {
      const record = its === conversation ? this.records.get(key, within) : undefined
      return record?.at === null ? [record] : []
    })
  }

  /** The message was received; its time begins when it is read. */
  stageReceived(changes: TurnChanges, message: MessageRecord): void {
    const { expiry, sender, id, conversation, order } = message
    if (!expiry) return
    const record = { sender, id, conversation, order, seconds: expiry.seconds, at: null }
    this.records.stage(changes, refKey(message), record)
  }

  /** The message, whose time began at `from`; the earlier of two beginnings counts. A message that stays is given back as it is. */
  begun(changes: TurnChanges, message: MessageRecord, from: number): MessageRecord {
    const { expiry, sender, id, conversation, order } = message
    if (!expiry) return message
    // Not from a time to come: a clock was wrong.
    const at = Math.min(from, this.now()) + expiry.seconds * 1000
    if (expiry.at !== null && expiry.at <= at) return message
    const record = { sender, id, conversation, order, seconds: expiry.seconds, at }
    this.records.stage(changes, refKey(message), record)
    changes.whenStored(() => this.added())
    return { ...message, expiry: { ...expiry, at } }
  }

  stageGone(changes: TurnChanges, messages: readonly MessageRef[]): void {
    for (const key of messages.map(refKey)) {
      if (this.records.get(key, changes)) this.records.stageRemoval(changes, key)
    }
  }

  stageConversationGone(changes: TurnChanges, id: ConversationId): void {
    const all = [...this.records.all.values()]
    this.stageGone(
      changes,
      all.filter(({ conversation }) => conversation === id),
    )
  }
}
