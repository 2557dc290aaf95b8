/**
 * The index over the decrypted history, on this device only. It lives in memory: built at the
 * first search, from the newest message back, and dropped by the lock. A search during the build
 * gets results from the indexed part, and more as it grows.
 */
import { messages } from '@/messenger/core/stored-records'
import type { Core } from '@/messenger/core/core'
import { isShown, refKey } from '@/messenger/core/message-record'
import type { MessageRecord, MessageRef } from '@/messenger/core/message-record'
import { shownMessage } from '@/messenger/core/shown-message'
import type { ConversationId, MessageId, SearchHit } from '@/messenger/contract'
import { MessengerError } from '@/messenger/contract'
import { fold, ranges } from '@/text/folding'
import { nameOf } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'

const BATCH = 1_000

interface Entry {
  message: MessageRecord
  folded: string
}

class Index {
  readonly entries = new Map<string, Entry>()
  /** Messages deleted while the index is built: they must not be added from an earlier read. */
  readonly gone = new Set<string>()
  readonly listeners = new Set<() => void>()
  cancelled = false
  complete = false

  put(message: MessageRecord): void {
    const key = refKey(message)
    if (message.kind === 'notice' || !isShown(message)) return
    // Also one that was deleted for everyone.
    if (message.text === '') return void this.entries.delete(key)
    if (this.gone.has(key) || this.gone.has(message.conversation)) return
    this.entries.set(key, { message, folded: fold(message.text) })
  }
}

interface Search {
  /** Folded. */
  readonly needle: string
  readonly limit: number
  /** Absent: all. */
  readonly conversation?: ConversationId
}

function find(index: Index, { needle, limit, conversation }: Search): Entry[] {
  const found = [...index.entries.values()].filter(
    ({ message, folded }) =>
      (conversation === undefined || message.conversation === conversation) &&
      folded.includes(needle),
  )
  return found.sort((a, b) => b.message.order - a.message.order).slice(0, limit)
}

export class SearchIndex {
  private index: Index | null = null
  private building: Promise<void> = Promise.resolve()

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  /**
   * Newest first. While the index is built, `part` gets the results so far. Enough hits end the search,
   * because the rest is older. @throws MessengerError `cancelled`
   */
  async search(
    text: string,
    limit: number,
    part: (hits: SearchHit[]) => void = () => undefined,
  ): Promise<SearchHit[]> {
    const needle = fold(text.trim())
    const hits = (found: Entry[]): SearchHit[] =>
      found.map(({ message }) => ({
        message: shownMessage(message),
        name: this.nameIn(message.conversation),
        ranges: ranges(message.text, needle),
      }))
    return hits(await this.look({ needle, limit }, (found) => part(hits(found))))
  }

  /** All messages of one conversation that hold the text, as `search` tells them. @throws MessengerError `cancelled` */
  async searchIn(
    conversation: ConversationId,
    text: string,
    part: (found: MessageId[]) => void = () => undefined,
  ): Promise<MessageId[]> {
    const search = { needle: fold(text.trim()), limit: Infinity, conversation }
    const ids = (found: Entry[]): MessageId[] => found.map(({ message }) => refKey(message))
    return ids(await this.look(search, (found) => part(ids(found))))
  }

  private async look(search: Search, part: (found: Entry[]) => void): Promise<Entry[]> {
    if (search.needle === '') return []
    const index = this.index ?? this.begin()
    if (!index.complete) await this.follow(index, search, part)
    return find(index, search)
  }

  /** Gives what is found as the index grows; resolves when it is complete, or there is enough. */
  private async follow(
    index: Index,
    search: Search,
    part: (found: Entry[]) => void,
  ): Promise<void> {
    let given = 0
    let look: () => void = () => undefined
    const enough = new Promise<void>((done) => {
      look = () => {
        const found = find(index, search)
        if (found.length >= search.limit) return done()
        if (found.length > given) part(found)
        given = found.length
      }
    })
    index.listeners.add(look)
    look()
    try {
      await Promise.race([enough, this.building])
    } finally {
      index.listeners.delete(look)
    }
  }

  add(message: MessageRecord): void {
    this.index?.put(message)
  }

  remove(gone: Iterable<MessageRef>): void {
    for (const key of [...gone].map(refKey)) {
      this.index?.entries.delete(key)
      if (this.index?.complete === false) this.index.gone.add(key)
    }
  }

  removeConversation(id: ConversationId): void {
    for (const [key, entry] of this.index?.entries ?? []) {
      if (entry.message.conversation === id) this.index?.entries.delete(key)
    }
    if (this.index?.complete === false) this.index.gone.add(id)
  }

  cancel(): void {
    if (this.index?.complete === false) this.index.cancelled = true
  }

  forget(): void {
    this.cancel()
    this.index = null
  }

  private nameIn(id: ConversationId): string {
    const person = this.people.inConversation(id)
    return person ? nameOf(person) : ''
  }

  private begin(): Index {
    const index = new Index()
    this.index = index
    this.building = this.build(index)
      .catch((error: unknown) => {
        if (this.index === index) this.index = null
        throw error
      })
      .finally(() => this.core.view.progress('search_index', null))
    // The search that waits for the index reports the error.
    this.building.catch(() => undefined)
    return index
  }

  private async build(index: Index): Promise<void> {
    const total = await this.core.store.countMessages()
    let done = 0
    for await (const batch of this.core.store.everyMessage(messages, BATCH)) {
      if (index.cancelled) throw new MessengerError('cancelled')
      for (const message of batch) index.put(message)
      done += batch.length
      const progress = { task: 'search_index' as const, done, total, cancellable: true }
      this.core.view.progress('search_index', progress)
      for (const look of index.listeners) look()
    }
    index.complete = true
    index.gone.clear()
  }
}
