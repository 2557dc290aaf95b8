import { merged } from '@/messenger/chats/merging'
import type { ConversationId } from '@/messenger/contract'
import { findMessage } from '@/messenger/core/kept-messages'
import { isShown, refKey, sameMessage } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { emptyConversation } from '@/messenger/core/records'
import type { ConversationRecord } from '@/messenger/core/records'
import { conversations, messages } from '@/messenger/core/stored-records'
import type { Changes } from '@/storage/changes'
import type { Store } from '@/storage/store'

/** What this device knows of messages that are not on it. */
export interface Elsewhere {
  /** Whether messages of the conversation are kept here. */
  keeps(conversation: ConversationId): boolean
  /** Whether the message was removed here. */
  isGone(message: MessageRecord): boolean
  /** The message with all that was said about it before it came. */
  arrived(message: MessageRecord): MessageRecord
}

const nothing: Elsewhere = { keeps: () => true, isGone: () => false, arrived: (message) => message }

/**
 * Adds the messages of a backup, or of another device's history, to the conversations of this device: each once, in
 * its newest state, none in the place of another (two devices give the same place to different messages), and the list
 * shows the newest.
 */
export class HistoryMerge {
  private readonly chats = new Map<string, ConversationRecord>()
  private readonly touched = new Set<string>()
  private readonly known = new Set<string>()
  private readonly taken = new Set<string>()

  constructor(
    private readonly store: Store,
    private readonly changes: Changes,
    private readonly elsewhere = nothing,
  ) {}

  async load(chats: readonly ConversationRecord[]): Promise<void> {
    for await (const batch of this.store.everyMessage(messages)) {
      for (const message of batch) this.note(message)
    }
    for (const chat of await this.store.all(conversations)) {
      this.chats.set(chat.id, chat)
    }
    for (const chat of chats) {
      const here = this.chats.get(chat.id)
      const fresh = { ...chat, last: null, lastOrder: 0 }
      this.put(here ? { ...here, activeAt: Math.max(here.activeAt, chat.activeAt) } : fresh)
    }
  }

  /** The message as it was written; null where nothing changes. One backup or part names a message once. */
  async add(message: MessageRecord): Promise<MessageRecord | null> {
    if (this.elsewhere.isGone(message)) return null
    if (this.known.has(refKey(message))) return this.change(message)
    if (!this.elsewhere.keeps(message.conversation)) return null
    let { order } = message
    while (this.taken.has(placeOf({ ...message, order }))) order += 1
    const placed = this.elsewhere.arrived({ ...message, order })
    this.note(placed)
    this.write(placed)
    return placed
  }

  /** Adds what became of the conversations to the changes; `write`: where they are in memory, too. */
  stage(
    write = (chat: ConversationRecord): unknown => this.changes.write(conversations, chat.id, chat),
  ): void {
    for (const id of this.touched) {
      const chat = this.chats.get(id)
      if (chat) write(chat)
    }
  }

  private async change(message: MessageRecord): Promise<MessageRecord | null> {
    const here = await findMessage(this.store, message)
    const outcome = here?.conversation === message.conversation ? merged(here, message) : null
    if (outcome) this.write(outcome)
    return outcome
  }

  private write(message: MessageRecord): void {
    this.changes.writeMessage(messages, message)
    const { conversation: id, order } = message
    const chat = this.chats.get(id) ?? emptyConversation(id, message.sentAt)
    const last = isShown(message) ? newest(chat.last, message) : chat.last
    this.put({ ...chat, last, lastOrder: Math.max(chat.lastOrder, order) })
  }

  private put(chat: ConversationRecord): void {
    this.chats.set(chat.id, chat)
    this.touched.add(chat.id)
  }

  private note(message: MessageRecord): void {
    this.known.add(refKey(message))
    this.taken.add(placeOf(message))
  }
}

const placeOf = ({ conversation, order }: MessageRecord): string => `${conversation} ${order}`

/** The message that the list shows: a notice only if there is no other. */
function newest(last: MessageRecord | null, message: MessageRecord): MessageRecord {
  if (!last || sameMessage(last, message)) return message
  const [before, now] = [last.kind === 'notice', message.kind === 'notice']
  if (before !== now) return before ? message : last
  return message.order > last.order ? message : last
}
