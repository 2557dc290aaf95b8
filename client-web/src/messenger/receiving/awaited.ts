/**
 * Envelopes that could not be read. Each keeps its place in the conversation, where its content goes once the
 * sender's device has sent it again: a bubble stands there meanwhile, or nothing, where perhaps nothing is missing.
 */
import type { Chats } from '@/messenger/chats/chats'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import { Budget } from '@/messenger/core/budget'
import { CachedTable } from '@/messenger/core/cached-table'
import type { Core } from '@/messenger/core/core'
import { sessionKey } from '@/messenger/core/counter-table'
import { findMessage } from '@/messenger/core/kept-messages'
import { blankMessage, refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { AwaitedRecord } from '@/messenger/core/content-records'
import type { TurnChanges } from '@/messenger/core/serial'
import { awaitedEnvelopes } from '@/messenger/core/content-records'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import type { IncomingEnvelope } from '@/wire/types'

const PREFIX = 'awaited/'
/** Per person. The relay can cause them at will. */
const MOST = 200
/** What the ratchet or the counters had seen, per hour and person: as a rule the relay repeats itself. */
const REPEATED = 20
const HOUR = 3_600_000

const keyOf = (userId: UserId, device: number, id: string): string =>
  `${sessionKey(userId, device)}/${id}`

export class Awaited {
  private readonly records = new CachedTable<string, AwaitedRecord>(awaitedEnvelopes, PREFIX)
  private readonly repeated = new Budget(REPEATED, HOUR)

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
  ) {}

  load(): Promise<void> {
    return this.records.loadSpare(this.core.store, (one) => keyOf(one.userId, one.device, one.id))
  }

  get all(): Iterable<AwaitedRecord> {
    return this.records.all.values()
  }

  /** What this device is waiting for under the name of an envelope, or of the message that it carried. */
  find(userId: UserId, device: number, id: string, within: TurnChanges): AwaitedRecord | undefined {
    return this.records.get(keyOf(userId, device, id), within)
  }

  stage(changes: TurnChanges, record: AwaitedRecord): void {
    this.records.stage(changes, keyOf(record.userId, record.device, record.id), record)
  }

  stageRemoval(changes: TurnChanges, { userId, device, id }: AwaitedRecord): void {
    this.records.stageRemoval(changes, keyOf(userId, device, id))
  }

  /**
   * Keeps a place for what the envelope carried, and a bubble in it. False: too many wait for it. `reason`: null where
   * asking for it is of no use.
   */
  stageUnread(changes: TurnChanges, envelope: IncomingEnvelope, reason: string | null): boolean {
    const record = this.place(changes, envelope, reason ?? '', true)
    if (!record) return false
    if (reason !== null) this.stage(changes, record)
    if (record.place) {
      const bubble = placeholder(record, record.place, reason === null)
      this.chats.stageNew(changes, bubble, false, envelope.at)
    }
    return true
  }

  /**
   * The ratchet or the counters had seen it: the relay repeats itself, or the sender's device went back to an
   * earlier state. Its place stays empty until the sender answers. False: it is not asked for.
   */
  async stageRepeated(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    reason: string,
  ): Promise<boolean> {
    const { from, id } = envelope
    const now = this.core.elapsed()
    if (!this.mayAsk(from.user_id) || this.repeated.exhausted(from.user_id, now)) return false
    if (await findMessage(this.core.store, { sender: from.user_id, id })) return false
    const record = this.place(changes, envelope, reason, false)
    if (!record) return false
    this.repeated.spend(from.user_id, now)
    this.stage(changes, record)
    if (record.place) {
      const { conversation, order } = record.place
      this.chats.stage(changes, conversation, { lastOrder: order })
    }
    return true
  }

  /** Whether anything may be asked of them: one's own devices, and contacts under the pinned key. */
  mayAsk(userId: UserId): boolean {
    if (userId === this.core.account.userId) return true
    const person = this.people.all.get(userId)
    return person !== undefined && mayWriteTo(person) && !person.changed
  }

  /** Of `missing` messages that a counter tells of: how many are not among those that are awaited. */
  stageCounted(changes: TurnChanges, userId: UserId, device: number, missing: number): number {
    let left = missing
    for (const known of this.all) {
      const record = this.find(userId, device, known.id, changes)
      if (left === 0) break
      if (known.userId !== userId || known.device !== device || !record || record.counted) continue
      this.stage(changes, { ...record, counted: true })
      left -= 1
    }
    return left
  }

  /** Its content came. `placed`: the message that stands in its place; null: none, the place goes. */
  async stageCame(
    changes: TurnChanges,
    record: AwaitedRecord,
    placed: string | null,
  ): Promise<void> {
    this.stageRemoval(changes, record)
    const bubble = await this.bubble(record)
    // As a rule a message has its envelope's id, and has replaced the bubble.
    if (!bubble || placed === record.id) return
    changes.whenStored(() => {
      this.core.view.messagesRemoved(bubble.conversation, [refKey(bubble)])
    })
    if (placed !== null) return
    changes.removeMessage(bubble.conversation, bubble.order)
    await this.chats.stageLastWithout(changes, bubble.conversation, [bubble])
  }

  /** Nobody has it any more. */
  async stageLost(changes: TurnChanges, record: AwaitedRecord): Promise<void> {
    this.stageRemoval(changes, record)
    const bubble = await this.bubble(record)
    if (bubble) this.chats.stageChanged(changes, { ...bubble, awaited: { lost: true } })
  }

  private async bubble({ userId, id, shown }: AwaitedRecord): Promise<MessageRecord | null> {
    const found = shown ? await findMessage(this.core.store, { sender: userId, id }) : null
    return found?.kind === 'awaited' ? found : null
  }

  /** Null where there are too many, or it is awaited already. */
  private place(
    changes: TurnChanges,
    { from, id, at }: IncomingEnvelope,
    reason: string,
    shown: boolean,
  ): AwaitedRecord | null {
    const { user_id: userId, device_id: device } = from
    const others = [...this.all].filter((one) => one.userId === userId)
    if (others.length >= MOST || this.find(userId, device, id, changes)) return null
    const conversation = conversationWith(userId)
    const own = userId === this.core.account.userId
    const place = own ? null : { conversation, order: this.chats.nextOrder(changes, conversation) }
    const known = { id, userId, device, reason, at, place }
    return { ...known, shown: shown && !own, asked: 0, askedAt: 0 }
  }
}

const placeholder = (
  { id, userId, at }: AwaitedRecord,
  place: NonNullable<AwaitedRecord['place']>,
  lost: boolean,
): MessageRecord => ({
  ...blankMessage,
  id,
  sender: userId,
  kind: 'awaited',
  ...place,
  sentAt: at,
  awaited: { lost },
})
