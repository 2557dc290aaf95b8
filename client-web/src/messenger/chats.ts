/** Conversations and their messages: the list, the open stretch, statuses that only go forward. */
import { Changes } from '@/storage/store'
import { commit } from './core'
import type { Core } from './core'
import type { Conversation, Message, MessageStatus, Notice } from './contract'
import type { People } from './people'
import { emptyConversation } from './records'
import type { ConversationRecord } from './records'
import { order } from './status'

export const PAGE = 50

export class Chats {
  readonly all = new Map<string, ConversationRecord>()
  readonly drafts = new Map<string, string>()
  private readonly typing = new Set<string>()
  open: string | null = null
  /** Told of every new message once it is stored. */
  added: (message: Message) => void = () => undefined
  private oldest = Infinity

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  async load(): Promise<void> {
    const drafts = await this.core.store.all<{ id: string; text: string }>('drafts')
    for (const { id, text } of drafts) this.drafts.set(id, text)
    for (const record of await this.core.store.all<ConversationRecord>('conversations')) {
      this.all.set(record.id, record)
      this.show(record.id)
    }
  }

  record(id: string): ConversationRecord {
    return this.all.get(id) ?? emptyConversation(id, this.core.now())
  }

  /** The next place in a conversation's flow, whatever the clock does. */
  nextOrder(id: string, after = this.record(id).lastOrder): number {
    return Math.max(after + 1, this.core.now())
  }

  /** Adds a new message to `changes`; call the result after the commit. */
  stageNew(changes: Changes, message: Message, unread: boolean): () => void {
    const before = this.record(message.conversation)
    const after: ConversationRecord = {
      ...before,
      last: message.kind === 'notice' && before.last ? before.last : message,
      activeAt: message.kind === 'notice' ? before.activeAt : this.core.now(),
      unread: before.unread + (unread ? 1 : 0),
      archived: before.archived && message.kind === 'notice',
      lastOrder: Math.max(before.lastOrder, message.order),
    }
    changes.putMessage(message).put('conversations', after.id, () => this.all.get(after.id))
    // Staged at once: whatever commits next writes a record that knows of this message.
    this.all.set(after.id, after)
    return () => {
      this.added(message)
      this.show(after.id)
      if (this.open === message.conversation) this.core.view.message(message)
    }
  }

  /** Adds a changed message to `changes`. */
  stageChanged(changes: Changes, message: Message): () => void {
    changes.putMessage(message)
    const chat = this.all.get(message.conversation)
    if (chat?.last?.id === message.id) {
      const after = { ...chat, last: message }
      changes.put('conversations', chat.id, () => this.all.get(chat.id))
      this.all.set(chat.id, after)
    }
    return () => {
      this.show(message.conversation)
      if (this.open === message.conversation) this.core.view.message(message)
    }
  }

  /** Moves messages forward to `status`; ones already there, or of others, stay. */
  async stageStatus(
    changes: Changes,
    conversation: string,
    ids: readonly string[],
    status: Exclude<MessageStatus, 'waiting' | 'received'>,
    at: number,
  ): Promise<() => void> {
    const shows: (() => void)[] = []
    for (const id of ids) {
      const message = await this.core.store.message<Message>(id)
      if (!message || message.conversation !== conversation || message.direction !== 'out') continue
      if (order(message.status) >= order(status)) continue
      const times = {
        acceptedAt: message.acceptedAt ?? at,
        deliveredAt: status === 'accepted' ? message.deliveredAt : (message.deliveredAt ?? at),
        readAt: status === 'read' ? at : message.readAt,
      }
      shows.push(this.stageChanged(changes, { ...message, ...times, status, problem: null }))
    }
    return () => shows.forEach((show) => show())
  }

  notice(conversation: string, notice: Notice): Message {
    const order = this.nextOrder(conversation)
    return {
      ...blankMessage,
      id: crypto.randomUUID(),
      conversation,
      kind: 'notice',
      notice,
      order,
      sentAt: this.core.now(),
    }
  }

  async update(id: string, patch: Partial<ConversationRecord>): Promise<void> {
    const record = { ...this.record(id), ...patch }
    this.all.set(id, record)
    const changes = new Changes().put('conversations', id, () => this.record(id))
    await commit(this.core, changes, () => this.show(id))
  }

  setTyping(id: string, typing: boolean): void {
    if (typing) this.typing.add(id)
    else this.typing.delete(id)
    this.show(id)
  }

  async openPage(id: string): Promise<void> {
    this.open = id
    this.core.view.loading(true)
    try {
      const page = await this.core.store.page<Message>(id, Infinity, PAGE)
      if (this.open !== id) return
      this.oldest = page[0]?.order ?? -Infinity
      this.core.view.opened(id, page, page.length === PAGE)
    } finally {
      this.core.view.loading(false)
    }
  }

  /** False when nothing older was there. */
  async loadOlder(id: string): Promise<boolean> {
    if (this.open !== id || this.oldest === -Infinity) return false
    const page = await this.core.store.page<Message>(id, this.oldest, PAGE * 2)
    if (this.open !== id) return false
    this.oldest = page[0]?.order ?? -Infinity
    this.core.view.older(id, page, page.length === PAGE * 2)
    return page.length > 0
  }

  /** Where the loaded stretch of the open conversation begins. */
  get oldestLoaded(): number {
    return this.oldest
  }

  /** The preview after messages were deleted. */
  async refreshLast(id: string): Promise<void> {
    const page = await this.core.store.page<Message>(id, Infinity, PAGE)
    const last = page.findLast((message) => message.kind !== 'notice') ?? page.at(-1) ?? null
    await this.update(id, { last })
  }

  close(): void {
    this.open = null
    this.core.view.opened(null, [], false)
  }

  forget(id: string): void {
    this.all.delete(id)
    this.drafts.delete(id)
    if (this.open === id) this.close()
    this.core.view.conversationRemoved(id)
  }

  show(id: string): void {
    const record = this.all.get(id)
    const person = this.people.all.get(id)
    // Requests are shown apart; nothing of hidden people is.
    if (!record || person?.relation !== 'contact') return
    const conversation: Conversation = {
      id,
      username: person.username,
      last: record.last,
      activeAt: record.activeAt,
      unread: record.unread,
      muted: record.muted,
      archived: record.archived,
      typing: this.typing.has(id),
      draft: this.drafts.get(id) ?? '',
    }
    this.core.view.conversation(conversation)
  }
}

export const blankMessage = {
  direction: 'in',
  status: 'received',
  text: '',
  replyTo: null,
  notice: null,
  problem: null,
  acceptedAt: null,
  deliveredAt: null,
  readAt: null,
  encryption: null,
} as const
