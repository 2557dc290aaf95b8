/** Conversations and their messages: the list, and statuses that only go forward. */
import { conversations, drafts, messages } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Core } from '@/messenger/core/core'
import { findMessage, shownPage } from '@/messenger/core/kept-messages'
import { blankMessage, refKey, sameMessage } from '@/messenger/core/message-record'
import type {
  MessageRecord,
  MessageRef,
  NoticeRecord,
  SignedReceiptRecord,
} from '@/messenger/core/message-record'
import { shownMessage } from '@/messenger/core/shown-message'
import type { Conversation, ConversationId, UserId } from '@/messenger/contract'
import { versionOf } from '@/crypto/protocol/version'
import type { OutgoingEnvelope } from '@/wire/types'
import { messageTimes } from './message-times'
import type { Deadlines } from './deadlines'
import { OpenChat, PAGE } from './open-chat'
import type { Timers } from './timers'
import { CachedTable } from '@/messenger/core/cached-table'
import { nameOf } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import { emptyConversation } from '@/messenger/core/records'
import type { ConversationRecord } from '@/messenger/core/records'
import { accepted, advanced } from '@/messenger/core/message-status'
import type { Step } from '@/messenger/core/message-status'

/** A time later than now by more than this comes from a wrong clock, ms. */
const AHEAD = 3_600_000

/** A timer of more ms would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** A notice, and a message that goes into a place kept for it, leave a later message in the list. */
const staysLast = (last: MessageRecord | null, message: MessageRecord): boolean =>
  last !== null && (message.kind === 'notice' || last.order > message.order)

export class Chats {
  readonly drafts = new Map<ConversationId, string>()
  private readonly records = new CachedTable<ConversationId, ConversationRecord>(conversations)
  private readonly typing = new Set<ConversationId>()
  private readonly sendsAgainAt = new Map<ConversationId, number>()
  private readonly unmuting = new Map<ConversationId, ReturnType<typeof setTimeout>>()
  readonly openChat: OpenChat
  /** Called with every new message once it is stored. */
  added: (message: MessageRecord) => void = () => undefined

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly timers: Timers,
    private readonly deadlines: Deadlines,
  ) {
    this.openChat = new OpenChat(core)
  }

  async load(): Promise<void> {
    const kept = await this.core.store.all(drafts)
    for (const { id, text } of kept) this.drafts.set(id, text)
    for (const record of await this.core.store.all(conversations)) {
      this.records.load(record.id, record)
    }
  }

  showAll(): void {
    for (const id of this.records.all.keys()) this.show(id)
  }

  /** Moves conversations down that a clock ahead of time put on top. `now`: the later of this device's clock and the relay's. */
  async bringBack(now: number): Promise<void> {
    const ahead = [...this.records.all.values()].filter(({ activeAt }) => activeAt > now + AHEAD)
    if (ahead.length === 0) return
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      for (const { id, last } of ahead) {
        this.stage(changes, id, { activeAt: Math.min(last?.sentAt ?? now, now) })
      }
      await this.core.store.commit(changes)
    })
  }

  has(id: ConversationId): boolean {
    return this.records.get(id) !== undefined
  }

  /** As it is on disk, or will be with `within`. */
  record(id: ConversationId, within?: TurnChanges): ConversationRecord {
    return this.records.get(id, within) ?? emptyConversation(id, this.core.now())
  }

  /** The next place in a conversation's flow. Places ascend even when the clock is set back. */
  nextOrder(changes: TurnChanges, id: ConversationId): number {
    return Math.max(this.record(id, changes).lastOrder + 1, this.core.now())
  }

  /** Adds the conversation with `patch` to `changes`. */
  stage(changes: TurnChanges, id: ConversationId, patch: Partial<ConversationRecord>): void {
    this.records.stage(changes, id, { ...this.record(id, changes), ...patch })
    changes.whenStored(() => this.show(id))
  }

  /** Adds a new message of the time `at` to `changes`. */
  stageNew(
    changes: TurnChanges,
    message: MessageRecord,
    unread: boolean,
    at: number = this.core.now(),
  ): void {
    changes.whenStored(() => this.added(message))
    const before = this.record(message.conversation, changes)
    this.stage(changes, message.conversation, {
      last: staysLast(before.last, message) ? before.last : message,
      activeAt: message.kind === 'notice' ? before.activeAt : at,
      unread: before.unread + (unread ? 1 : 0),
      archived: before.archived && message.kind === 'notice',
      lastOrder: Math.max(before.lastOrder, message.order),
    })
    changes.writeMessage(messages, message).whenStored(() => this.openChat.show(message))
  }

  /** Adds a message that is kept and never shown; the list does not move. */
  stageUnshown(changes: TurnChanges, message: MessageRecord): void {
    const { lastOrder } = this.record(message.conversation, changes)
    this.stage(changes, message.conversation, { lastOrder: Math.max(lastOrder, message.order) })
    changes.writeMessage(messages, message)
  }

  /** Adds a changed message to `changes`. */
  stageChanged(changes: TurnChanges, message: MessageRecord): void {
    changes.writeMessage(messages, message)
    const id = message.conversation
    const isLast = sameMessage(this.record(id, changes).last, message)
    if (isLast) this.stage(changes, id, { last: message })
    else changes.whenStored(() => this.show(id))
    changes.whenStored(() => this.openChat.show(message))
  }

  /** Own messages to this person move forward to `status`; ones already there, or to others, stay. */
  async stageStatus(
    changes: TurnChanges,
    userId: UserId,
    ids: readonly string[],
    status: Step,
    at: number,
  ): Promise<void> {
    for (const id of ids) {
      const message = await findMessage(this.core.store, { sender: null, id })
      const moved = message && advanced(message, userId, status, at)
      if (moved) this.stageChanged(changes, moved)
    }
  }

  /**
   * The relay accepted the own message in `envelopes`, at `at`. Its receipts are kept also when the message is
   * marked as delivered already.
   */
  async stageAccepted(
    changes: TurnChanges,
    userId: UserId,
    id: string,
    at: number,
    receipts: readonly SignedReceiptRecord[],
    envelopes: readonly OutgoingEnvelope[],
  ): Promise<void> {
    const message = await findMessage(this.core.store, { sender: null, id })
    const taken = message && accepted(message, userId, at)
    if (!taken) return
    const postQuantum = envelopes.every(({ body }) => versionOf(body) === 4)
    const encryption = taken.encryption && { ...taken.encryption, postQuantum }
    const dated = this.deadlines.begun(
      changes,
      { ...taken, ...messageTimes(message.sentAt, at), encryption },
      at,
    )
    const isLast = sameMessage(this.record(message.conversation, changes).last, message)
    this.stageChanged(changes, receipts.length ? { ...dated, signedReceipts: receipts } : dated)
    // Until now its date came from this device's clock.
    if (isLast) this.stage(changes, message.conversation, { activeAt: at })
  }

  /** Replaces the notice with this id, or adds it. */
  async stageUpdatedNotice(
    changes: TurnChanges,
    conversation: ConversationId,
    id: string,
    notice: NoticeRecord,
  ): Promise<void> {
    const before = await findMessage(this.core.store, { sender: null, id })
    if (before) this.stageChanged(changes, { ...before, notice })
    else this.stageNotice(changes, conversation, notice, id)
  }

  /** Adds a notice to the conversation's flow. */
  stageNotice(
    changes: TurnChanges,
    conversation: ConversationId,
    notice: NoticeRecord,
    id: string = crypto.randomUUID(),
  ): void {
    const message: MessageRecord = {
      ...blankMessage,
      id,
      conversation,
      kind: 'notice',
      notice,
      order: this.nextOrder(changes, conversation),
      sentAt: this.core.now(),
    }
    this.stageNew(changes, message, false)
  }

  /** One more message is missing: counted in the newest notice if that is of a gap, else in a new one. */
  async stageMissing(changes: TurnChanges, conversation: ConversationId): Promise<void> {
    const [newest] = await shownPage(this.core.store, conversation, Infinity, 1)
    if (newest?.notice?.type !== 'gap') {
      return this.stageNotice(changes, conversation, { type: 'gap', count: 1 })
    }
    const notice: NoticeRecord = { type: 'gap', count: newest.notice.count + 1 }
    this.stageChanged(changes, { ...newest, notice })
  }

  /** Changes the list's line to the newest message that is not `gone`. */
  async stageLastWithout(
    changes: TurnChanges,
    id: ConversationId,
    gone: readonly MessageRef[],
  ): Promise<void> {
    const keys = new Set(gone.map(refKey))
    const { last: before } = this.record(id, changes)
    if (!before || !keys.has(refKey(before))) return
    const page = await shownPage(this.core.store, id, Infinity, PAGE + gone.length)
    const left = page.filter((message) => !keys.has(refKey(message)))
    const last = left.findLast((message) => message.kind !== 'notice') ?? left.at(-1) ?? null
    this.stage(changes, id, { last })
  }

  setTyping(id: ConversationId, typing: boolean): void {
    if (typing) this.typing.add(id)
    else this.typing.delete(id)
    this.show(id)
  }

  setSendsAgainAt(id: ConversationId, at: number | null): void {
    if ((this.sendsAgainAt.get(id) ?? null) === at) return
    if (at === null) this.sendsAgainAt.delete(id)
    else this.sendsAgainAt.set(id, at)
    this.show(id)
  }

  /** The conversation leaves this device, messages, draft and all. */
  stageRemoval(changes: TurnChanges, id: ConversationId): void {
    this.records.stageRemoval(changes, id)
    changes.removeConversation(id).remove('drafts', id)
    changes.whenStored(() => {
      this.drafts.delete(id)
      if (this.openChat.id === id) this.openChat.close()
      this.core.view.conversationRemoved(id)
    })
  }

  /** Until its time is over; then it is shown anew. */
  private isMuted({ id, muted, mutedUntil }: ConversationRecord): boolean {
    clearTimeout(this.unmuting.get(id))
    if (!muted || mutedUntil === undefined || mutedUntil === null) return muted
    const left = mutedUntil - this.core.now()
    if (left <= 0) return false
    this.unmuting.set(
      id,
      setTimeout(() => this.show(id), Math.min(left, LONGEST_TIMER)),
    )
    return true
  }

  show(id: ConversationId): void {
    const record = this.records.get(id)
    const person = this.people.inConversation(id)
    // Requests are shown apart; nothing of hidden people is.
    if (!record || person?.relation !== 'contact') return
    const conversation: Conversation = {
      id,
      username: person.username,
      name: nameOf(person),
      isNotes: person.userId === this.core.account.userId,
      last: record.last && shownMessage(record.last),
      activeAt: record.activeAt,
      unread: record.unread,
      markedUnread: record.markedUnread ?? false,
      muted: this.isMuted(record),
      mutedUntil: this.isMuted(record) ? (record.mutedUntil ?? null) : null,
      pinned: record.pinned ?? false,
      archived: record.archived,
      typing: this.typing.has(id),
      timer: this.timers.seconds(id),
      draft: this.drafts.get(id) ?? '',
      sendsAgainAt: this.sendsAgainAt.get(id) ?? null,
    }
    this.core.view.conversation(conversation)
  }
}
