import type { Changes } from '@/storage/changes'
import type { Store } from '@/storage/store'
import type { Message } from '../contract'
import type { ConversationRecord } from '../records'

/**
 * Adds the messages of a backup to the conversations of this device: each once, none in the place of
 * another (two devices give the same place to different messages), and the list shows the newest.
 */
export class Flows {
  private readonly chats = new Map<string, ConversationRecord>()
  private readonly touched = new Set<string>()
  private readonly taken = new Set<string>()
  /** A device without any message has nothing that could be met. */
  private inUse = true

  constructor(
    private readonly store: Store,
    private readonly changes: Changes,
  ) {}

  async load(chats: readonly ConversationRecord[]): Promise<void> {
    this.inUse = (await this.store.countMessages()) > 0
    for (const chat of await this.store.all<ConversationRecord>('conversations')) {
      this.chats.set(chat.id, chat)
    }
    for (const chat of chats) {
      const here = this.chats.get(chat.id)
      this.put(here ? { ...here, activeAt: Math.max(here.activeAt, chat.activeAt) } : chat)
    }
  }

  async add(message: Message): Promise<void> {
    if (this.inUse && (await this.store.message(message.id))) return
    const { conversation } = message
    let { order } = message
    while (await this.isTaken(conversation, order)) order += 1
    this.taken.add(placeOf(conversation, order))
    const placed = { ...message, order }
    this.changes.putMessage(placed)
    const chat = this.chats.get(conversation)
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

  private async isTaken(conversation: string, order: number): Promise<boolean> {
    if (this.taken.has(placeOf(conversation, order))) return true
    return this.inUse && this.store.hasMessageAt(conversation, order)
  }
}

const placeOf = (conversation: string, order: number): string => `${conversation} ${order}`

/** What the list shows: a notice only where nobody has said anything. */
function newest(last: Message | null, message: Message): Message {
  if (!last || last.id === message.id) return message
  const [before, now] = [last.kind === 'notice', message.kind === 'notice']
  if (before !== now) return before ? message : last
  return message.order > last.order ? message : last
}
