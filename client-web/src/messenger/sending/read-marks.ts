/** What was seen: the marks in the list of chats, and the receipts that tell it. */
import type { Chats } from '@/messenger/chats/chats'
import type { Deadlines } from '@/messenger/chats/deadlines'
import { conversationWith } from '@/messenger/contract'
import type { ConversationId, UserId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import { findMessage, receivedMessages } from '@/messenger/core/kept-messages'
import { refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { TurnChanges } from '@/messenger/core/serial'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import type { Receipts } from './receipts'
import type { SiblingSync } from './sibling-sync'

export class ReadMarks {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly receipts: Receipts,
    private readonly sync: SiblingSync,
    private readonly deadlines: Deadlines,
  ) {}

  /** Everything received in a conversation counts as seen. */
  async markRead(id: ConversationId): Promise<void> {
    const { unread: count, markedUnread } = this.chats.record(id)
    if (count === 0 && !markedUnread) return
    await this.core.serial.run(async (turn) => {
      const person = this.people.inConversation(id)
      // Not before it is accepted: nobody hears of it, and what disappears stays to decide by.
      if (person?.relation === 'request') return
      const changes = new TurnChanges(turn)
      const seen = await this.unseen(changes, id)
      this.chats.stage(changes, id, { unread: 0, markedUnread: false })
      for (const message of seen) {
        const timed = this.deadlines.begun(changes, message, this.deadlines.now())
        if (timed !== message) this.chats.stageChanged(changes, timed)
      }
      const type = this.core.settings.readReceipts ? 'read' : 'seen'
      const heard = type === 'read' || !this.sync.alone
      if (person && mayWriteTo(person) && heard && seen.length > 0) {
        const ids = seen.map((message) => message.id)
        this.receipts.stage(changes, person.userId, type, ids)
      }
      await this.core.store.commit(changes)
    })
  }

  /** Sends receipts for messages that came before the person was a contact. */
  async oweReceipts(userId: UserId): Promise<void> {
    const id = conversationWith(userId)
    await this.core.serial.run(async (turn) => {
      const newest = await this.newest(id, this.chats.record(id).unread)
      const ids = newest.map((message) => message.id)
      const changes = new TurnChanges(turn)
      this.receipts.stage(changes, userId, 'delivered', ids)
      await this.core.store.commit(changes)
    })
  }

  /** The newest, as many as are unread, and all whose time has not begun: one may have come into an older place. */
  private async unseen(changes: TurnChanges, id: ConversationId): Promise<MessageRecord[]> {
    const newest = await this.newest(id, this.chats.record(id, changes).unread)
    const known = new Set(newest.map(refKey))
    const others = this.deadlines.unread(id, changes).filter((one) => !known.has(refKey(one)))
    const found = await Promise.all(others.map((one) => findMessage(this.core.store, one)))
    return [...found.filter((message) => message !== null), ...newest]
  }

  /** The newest received messages, ascending. */
  private async newest(id: ConversationId, count: number): Promise<MessageRecord[]> {
    const found: MessageRecord[] = []
    if (count === 0) return found
    for await (const message of receivedMessages(this.core.store, id)) {
      found.push(message)
      if (found.length === count) break
    }
    return found.toReversed()
  }
}
