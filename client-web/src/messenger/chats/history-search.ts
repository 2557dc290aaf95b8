/** Finds messages in the history, by words and by date. The code and the index are there from the first use on. */
import type { MessageRecord, MessageRef } from '@/messenger/core/message-record'
import type { Core } from '@/messenger/core/core'
import { shownMessage } from '@/messenger/core/shown-message'
import { MessengerError } from '@/messenger/contract'
import type { ConversationId, Message, MessageId, SearchHit } from '@/messenger/contract'
import type { People } from '@/messenger/people/people'
import { fetched } from '@/platform/late-parts'
import type { SearchIndex } from './search-index'

export class HistorySearch {
  private index: SearchIndex | null = null
  /** Of searches that wait for the code: an earlier one was cancelled. */
  private generation = 0

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  /** @throws MessengerError `cancelled`. @throws PartMissing */
  async search(...asked: Parameters<SearchIndex['search']>): Promise<SearchHit[]> {
    return (await this.loaded()).search(...asked)
  }

  /** @throws MessengerError `cancelled`. @throws PartMissing */
  async searchIn(...asked: Parameters<SearchIndex['searchIn']>): Promise<MessageId[]> {
    return (await this.loaded()).searchIn(...asked)
  }

  /** The first message of a conversation shown under the time `at` (ms) or a later one; null: none. @throws PartMissing */
  async firstSince(conversation: ConversationId, at: number): Promise<Message | null> {
    const { firstSince } = await fetched(import('./first-since'))
    const found = await firstSince(this.core.store, conversation, at)
    return found && shownMessage(found)
  }

  add(message: MessageRecord): void {
    this.change((index) => index.add(message))
  }

  remove(gone: Iterable<MessageRef>): void {
    this.change((index) => index.remove(gone))
  }

  removeConversation(id: ConversationId): void {
    this.change((index) => index.removeConversation(id))
  }

  cancel(): void {
    this.generation += 1
    this.index?.cancel()
  }

  /** Nothing of the history stays in memory. */
  forget(): void {
    this.generation += 1
    this.index?.forget()
  }

  private change(by: (index: SearchIndex) => void): void {
    if (!this.index) return
    by(this.index)
    this.core.view.searchChanged()
  }

  private async loaded(): Promise<SearchIndex> {
    if (this.index) return this.index
    const begun = this.generation
    const { SearchIndex: Index } = await fetched(import('./search-index'))
    if (begun !== this.generation) throw new MessengerError('cancelled')
    return (this.index ??= new Index(this.core, this.people))
  }
}
