/** Removal of messages, conversations, requests and contacts, and of all that depends on them. */
import type { Chats } from '@/messenger/chats/chats'
import type { HistorySearch } from '@/messenger/chats/history-search'
import type { RemovedHistory } from '@/messenger/chats/removed-history'
import type { Timers } from '@/messenger/chats/timers'
import type { Core } from '@/messenger/core/core'
import { findMessage, messageNamed, messagesNamed } from '@/messenger/core/kept-messages'
import { isShown, refKey } from '@/messenger/core/message-record'
import type { MessageRecord, MessageRef } from '@/messenger/core/message-record'
import { removedKey } from '@/messenger/core/counter-table'
import { messages } from '@/messenger/core/stored-records'
import type { TurnChanges } from '@/messenger/core/serial'
import type { HeldEnvelopes } from '@/messenger/keys/held-envelopes'
import type { KemMemory } from '@/messenger/keys/kem-memory'
import { stageSessionsEnd } from '@/messenger/keys/key-decisions'
import type { People } from '@/messenger/people/people'
import { conversationWith } from '@/messenger/contract'
import type { ConversationId, UserId } from '@/messenger/contract'
import type { FileRemovals } from './file-removals'
import type { Outbox } from './outbox'
import type { Receipts } from './receipts'

const PAGE = 200

interface RemovalParts {
  readonly core: Core
  readonly people: People
  readonly chats: Chats
  readonly held: HeldEnvelopes
  readonly outbox: Outbox
  readonly receipts: Receipts
  readonly search: HistorySearch
  readonly memory: KemMemory
  readonly removedHistory: RemovedHistory
  readonly timers: Timers
}

export class Removals {
  /** Called with messages that go, and with conversations, before the commit. */
  gone: (changes: TurnChanges, messages: readonly MessageRef[]) => void = () => undefined
  conversationGone: (changes: TurnChanges, id: ConversationId) => void = () => undefined

  constructor(
    private readonly parts: RemovalParts,
    private readonly files: FileRemovals,
  ) {}

  /** Those of the messages that are in the conversation. */
  async stageMessages(
    changes: TurnChanges,
    id: ConversationId,
    refs: readonly MessageRef[],
  ): Promise<void> {
    this.parts.removedHistory.stageMessages(changes, id, refs)
    const found = await Promise.all(refs.map((ref) => findMessage(this.parts.core.store, ref)))
    const there = found.flatMap((message) => (message?.conversation === id ? [message] : []))
    await this.stageFound(changes, id, there)
  }

  /** As another device names them; `mine`: of each whether oneself wrote it; absent, whoever did. */
  async stageNamed(
    changes: TurnChanges,
    id: ConversationId,
    ids: readonly string[],
    mine?: readonly boolean[],
  ): Promise<void> {
    this.parts.removedHistory.stageNamed(changes, id, ids, mine)
    const found = await Promise.all(
      ids.map(async (one, i) => {
        const named = await messagesNamed(this.parts.core.store, id, one)
        return mine ? named.filter(({ sender }) => (sender === null) === mine[i]) : named
      }),
    )
    await this.stageFound(changes, id, found.flat())
  }

  /** `newest`: the message that the person saw last in it; null where it is empty. */
  async stageConversation(
    changes: TurnChanges,
    id: ConversationId,
    newest: MessageRecord | null,
  ): Promise<void> {
    const at = this.parts.core.now()
    const upto = { id: newest?.id ?? null, order: newest?.order ?? null, at }
    this.parts.removedHistory.stageUpto(changes, id, upto)
    await this.stageWhole(changes, id)
  }

  private async stageWhole(changes: TurnChanges, id: ConversationId): Promise<void> {
    this.files.stageConversation(changes, id)
    this.conversationGone(changes, id)
    this.parts.chats.stageRemoval(changes, id)
    await this.parts.outbox.entries.stageUntried(
      changes,
      (entry) => entry.message?.conversation === id,
    )
    changes.whenStored(() => this.parts.search.removeConversation(id))
  }

  /**
   * Removes a conversation that another device deleted: up to the message `newest`, or up to `at` where
   * that message is not here. Later messages stay.
   */
  async stageConversationUpto(
    changes: TurnChanges,
    id: ConversationId,
    newest: string | null,
    at: number,
  ): Promise<void> {
    const last = newest === null ? null : await messageNamed(this.parts.core.store, id, newest)
    this.parts.removedHistory.stageUpto(changes, id, { id: newest, order: last?.order ?? null, at })
    const isIn = (message: MessageRecord): boolean =>
      last ? message.order <= last.order : message.sentAt <= at
    const gone: MessageRecord[] = []
    let stays = false
    let before = Infinity
    for (;;) {
      const page = await this.parts.core.store.page(messages, id, before, PAGE)
      for (const message of page) {
        if (isIn(message)) gone.push(message)
        else if (isShown(message)) stays = true
      }
      if (page.length < PAGE) break
      before = page[0]?.order ?? -Infinity
    }
    if (stays) await this.stageFound(changes, id, gone)
    else await this.stageWhole(changes, id)
  }

  /** A stranger who is not wanted; they may ask again. */
  stageRequest(changes: TurnChanges, id: UserId): void {
    const conversation = conversationWith(id)
    this.parts.removedHistory.stageAll(changes, conversation)
    this.files.stageConversation(changes, conversation)
    this.conversationGone(changes, conversation)
    this.parts.chats.stageRemoval(changes, conversation)
    this.parts.people.stage(changes, { ...this.parts.people.get(id), relation: 'hidden' })
    this.parts.held.stageOnly(changes, id, null)
    changes.whenStored(() => this.parts.search.removeConversation(conversation))
  }

  async stageContact(changes: TurnChanges, id: UserId): Promise<void> {
    const conversation = conversationWith(id)
    this.parts.removedHistory.stageAll(changes, conversation)
    // Counters stay: received messages are not received again, and none counts as missing.
    await stageSessionsEnd(changes, this.parts.core.store, id)
    changes.put('counters', removedKey(id), [])
    this.files.stageConversation(changes, conversation)
    this.conversationGone(changes, conversation)
    this.parts.chats.stageRemoval(changes, conversation)
    this.parts.memory.stageParting(changes, id)
    this.parts.people.stageRemoval(changes, id)
    this.parts.receipts.stageRemoval(changes, id)
    this.parts.outbox.entries.stageRemovalTo(changes, id)
    this.parts.held.stageOnly(changes, id, null)
    this.parts.timers.stageRemoval(changes, conversation)
    changes.whenStored(() => this.parts.search.removeConversation(conversation))
  }

  /** Messages of the conversation, as they are on disk. */
  async stageFound(
    changes: TurnChanges,
    id: ConversationId,
    found: readonly MessageRecord[],
  ): Promise<void> {
    for (const { order } of found) changes.removeMessage(id, order)
    this.files.stageMessages(changes, found)
    this.gone(changes, found)
    const own = new Set(found.filter(({ sender }) => sender === null).map((one) => one.id))
    await this.parts.outbox.entries.stageUntried(
      changes,
      (entry) => entry.message !== null && own.has(entry.contentId),
    )
    await this.parts.chats.stageLastWithout(changes, id, found)
    changes.whenStored(() => {
      this.parts.search.remove(found)
      this.parts.core.view.messagesRemoved(id, found.map(refKey))
    })
  }
}
