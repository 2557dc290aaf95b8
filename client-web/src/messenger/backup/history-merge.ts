import { conversations, messages } from '@/messenger/core/stored-records'
import type { Changes } from '@/storage/changes'
import type { Store } from '@/storage/store'
import { isShown, refKey, sameMessage } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { ConversationRecord } from '@/messenger/core/records'

/**
 * Adds the messages of a backup to the conversations of this device: each once, none in the place of
 * another (two devices give the same place to different messages), and the list shows the newest.
 */
export class HistoryMerge {
  private readonly chats = new Map<string, ConversationRecord>()
  private readonly touched = new Set<string>()
  private readonly known = new Set<string>()
  private readonly taken = new Set<string>()

  constructor(
    private readonly store: Store,
    private readonly changes: Changes,
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

  /** False for one that is here already. */
  add(message: MessageRecord): boolean {
    if (this.known.has(refKey(message))) return false
    let { order } = message
    while (this.taken.has(placeOf({ ...message, order }))) order += 1
    const placed = { ...message, order }
    this.note(placed)
    this.changes.writeMessage(messages, placed)
    const chat = this.chats.get(message.conversation)
    if (!chat) return true
    const { last, lastOrder } = chat
    const shown = isShown(placed) ? newest(last, placed) : last
    this.put({ ...chat, last: shown, lastOrder: Math.max(lastOrder, order) })
    return true
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
