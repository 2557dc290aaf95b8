/**
 * Search over the decrypted history, on this device only. The index lives in memory: built at the
 * first search (with progress), kept up to date, gone when locked.
 */
import type { Core } from './core'
import type { Message, SearchHit } from './contract'
import { MessengerError } from './contract'
import type { People } from './people'

interface Entry {
  message: Message
  folded: string
}

export class SearchIndex {
  private entries: Map<string, Entry> | null = null
  private building: Promise<Map<string, Entry>> | null = null
  private cancelled = false

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  /** Newest first. @throws MessengerError `cancelled` */
  async search(text: string, limit: number): Promise<SearchHit[]> {
    const needle = fold(text.trim())
    if (needle === '') return []
    const entries = await this.ready()
    const hits = [...entries.values()].filter((entry) => entry.folded.includes(needle))
    hits.sort((a, b) => b.message.order - a.message.order)
    return hits.slice(0, limit).map(({ message }) => ({
      message,
      username: this.people.all.get(message.conversation)?.username ?? '',
      ranges: ranges(message.text, needle),
    }))
  }

  add(message: Message): void {
    if (!this.entries || message.kind !== 'text') return
    this.entries.set(message.id, { message, folded: fold(message.text) })
  }

  remove(ids: Iterable<string>): void {
    for (const id of ids) this.entries?.delete(id)
  }

  removeConversation(id: string): void {
    for (const [key, entry] of this.entries ?? []) {
      if (entry.message.conversation === id) this.entries?.delete(key)
    }
  }

  cancel(): void {
    if (this.building) this.cancelled = true
  }

  forget(): void {
    this.cancel()
    this.entries = null
  }

  private ready(): Promise<Map<string, Entry>> {
    if (this.entries) return Promise.resolve(this.entries)
    this.building ??= this.build().finally(() => {
      this.building = null
      this.cancelled = false
      this.core.view.progress('search_index', null)
    })
    return this.building
  }

  private async build(): Promise<Map<string, Entry>> {
    const total = await this.core.store.countMessages()
    const entries = new Map<string, Entry>()
    let done = 0
    for await (const batch of this.core.store.everyMessage<Message>()) {
      if (this.cancelled) throw new MessengerError('cancelled')
      for (const message of batch) {
        if (message.kind === 'text') {
          entries.set(message.id, { message, folded: fold(message.text) })
        }
      }
      done += batch.length
      const progress = { task: 'search_index' as const, done, total, cancellable: true }
      this.core.view.progress('search_index', progress)
    }
    this.entries = entries
    return entries
  }
}

/** Case and accents do not matter: "Édith" finds "edith". */
export function fold(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

/** Where the needle stands in the original text, though folding may change lengths. */
export function ranges(text: string, needle: string): [number, number][] {
  let folded = ''
  const starts: number[] = []
  const ends: number[] = []
  let at = 0
  for (const char of text) {
    const part = fold(char)
    for (let i = 0; i < part.length; i++) {
      starts.push(at)
      ends.push(at + char.length)
    }
    at += char.length
    folded += part
  }
  const found: [number, number][] = []
  for (let i = folded.indexOf(needle); i >= 0; i = folded.indexOf(needle, i + needle.length)) {
    found.push([starts[i] ?? 0, ends[i + needle.length - 1] ?? text.length])
  }
  return found
}
