/** What was seen: the marks in the list of chats, and the receipts that tell it. */
import type { Chats } from '@/messenger/chats/chats'
import { conversationWith } from '@/messenger/contract'
import type { ConversationId, UserId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import { receivedMessages } from '@/messenger/core/kept-messages'
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
  ) {}

  /** Everything received in a conversation counts as seen. */
  async markRead(id: ConversationId): Promise<void> {
    const { unread: count, markedUnread } = this.chats.record(id)
    if (count === 0 && !markedUnread) return
    await this.core.serial.run(async (turn) => {
      const seen = await this.newest(id, this.chats.record(id).unread)
      const changes = new TurnChanges(turn)
      const person = this.people.inConversation(id)
      this.chats.stage(changes, id, { unread: 0, markedUnread: false })
      const type = this.core.settings.readReceipts ? 'read' : 'seen'
      const heard = type === 'read' || !this.sync.alone
      if (person && mayWriteTo(person) && heard && seen.length > 0) {
        this.receipts.stage(changes, person.userId, type, seen)
      }
      await this.core.store.commit(changes)
    })
  }

  /** Sends receipts for messages that came before the person was a contact. */
  async oweReceipts(userId: UserId): Promise<void> {
    const id = conversationWith(userId)
    await this.core.serial.run(async (turn) => {
      const ids = await this.newest(id, this.chats.record(id).unread)
      const changes = new TurnChanges(turn)
      this.receipts.stage(changes, userId, 'delivered', ids)
      await this.core.store.commit(changes)
    })
  }

  /** Ids of the newest received messages, ascending. */
  private async newest(id: ConversationId, count: number): Promise<string[]> {
    const ids: string[] = []
    if (count === 0) return ids
    for await (const message of receivedMessages(this.core.store, id)) {
      ids.push(message.id)
      if (ids.length === count) break
    }
    return ids.toReversed()
  }
}
