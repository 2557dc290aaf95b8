import { conversations, messages } from '@/messenger/core/stored-records'
import type { Changes } from '@/storage/changes'
import type { Store } from '@/storage/store'
import type { Message } from '@/messenger/contract'
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
      this.put(here ? { ...here, activeAt: Math.max(here.activeAt, chat.activeAt) } : chat)
    }
  }

  add(message: Message): void {
    if (this.known.has(message.id)) return
    let { order } = message
    while (this.taken.has(placeOf({ ...message, order }))) order += 1
    const placed = { ...message, order }
    this.note(placed)
    this.changes.putMessage(placed)
    const chat = this.chats.get(message.conversation)
    if (!chat) return
    const { last, lastOrder } = chat
    this.put({ ...chat, last: newest(last, placed), lastOrder: Math.max(lastOrder, order) })
  }

  /** Adds what became of the conversations to the changes. */
  stage(): void {
    for (const id of this.touched) this.changes.put('conversations', id, this.chats.get(id))
  }

  private put(chat: ConversationRecord): void {
    this.chats.set(chat.id, chat)
    this.touched.add(chat.id)
  }

  private note(message: Message): void {
    this.known.add(message.id)
    this.taken.add(placeOf(message))
  }
}

const placeOf = ({ conversation, order }: Message): string => `${conversation} ${order}`

/** What the list shows: a notice only where nobody has said anything. */
function newest(last: Message | null, message: Message): Message {
  if (!last || last.id === message.id) return message
  const [before, now] = [last.kind === 'notice', message.kind === 'notice']
  if (before !== now) return before ? message : last
  return message.order > last.order ? message : last
}
