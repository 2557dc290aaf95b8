/** The outbox's entries, in memory as on disk, in the order of sending. */
import { outboxEntries } from '@/messenger/core/stored-records'
import type { TurnChanges } from '@/messenger/core/serial'
import type { Core } from '@/messenger/core/core'
import type { Body } from '@/messenger/contents/registry'
import type { OutboxRecord } from '@/messenger/core/records'
import type { UserId } from '@/messenger/contract'

export interface NewEntry {
  to: UserId
  contentId: string
  body: Body
  sentAt: number
  message: OutboxRecord['message']
  /** Digests of files that have to be at the relay first. */
  uploads?: readonly string[]
  /** Of an envelope that is sent again: its id, and the numbers it had. */
  again?: string
  n?: number
  m?: number
}

export class OutboxEntries {
  private readonly records = new Map<number, OutboxRecord>()
  private lastKey = 0

  constructor(private readonly core: Core) {}

  get all(): OutboxRecord[] {
    return [...this.records.values()]
  }

  async load(): Promise<void> {
    for (const entry of await this.core.store.all(outboxEntries)) {
      this.records.set(entry.key, entry)
      this.lastKey = Math.max(this.lastKey, entry.key)
    }
    this.showWaiting()
  }

  get(key: number): OutboxRecord | undefined {
    return this.records.get(key)
  }

  to(recipient: UserId): OutboxRecord[] {
    return this.all.filter((entry) => entry.to === recipient)
  }

  /** The first that is to be sent to them. */
  next(recipient: UserId): OutboxRecord | undefined {
    let first: OutboxRecord | undefined
    for (const entry of this.records.values()) {
      if (entry.to !== recipient || entry.aside || entry.uploads) continue
      if (!first || entry.key < first.key) first = entry
    }
    return first
  }

  stageNew(changes: TurnChanges, entry: NewEntry): void {
    const record: OutboxRecord = {
      ...entry,
      key: ++this.lastKey,
      id: entry.message ? entry.contentId : crypto.randomUUID(),
      envelopes: null,
      n: entry.n ?? null,
    }
    this.stage(changes, record)
  }

  stage(changes: TurnChanges, entry: OutboxRecord): void {
    changes.put('outbox', entry.key, entry).whenStored(() => this.set(entry))
  }

  /** As it lies on disk by now. */
  set(entry: OutboxRecord): void {
    this.records.set(entry.key, entry)
    this.showWaiting()
  }

  stageRemoval(changes: TurnChanges, key: number): void {
    changes.remove('outbox', key).whenStored(() => this.delete(key))
  }

  delete(key: number): void {
    this.records.delete(key)
    this.showWaiting()
  }

  /**
   * Removes entries that were never tried or were set aside. A deleted message that may be at the relay
   * already, and whose counter is used, is still sent.
   */
  async stageUntried(
    changes: TurnChanges,
    unwanted: (entry: OutboxRecord) => boolean,
  ): Promise<void> {
    const gone: OutboxRecord[] = []
    for (const entry of this.all.filter(unwanted)) {
      // The disk knows first.
      const stored = await this.core.store.get(outboxEntries, entry.key)
      if (!stored?.envelopes || stored.aside) gone.push(entry)
    }
    this.stageGone(changes, gone)
  }

  /** Everything for someone who is no contact any more. */
  stageRemovalTo(changes: TurnChanges, to: UserId): void {
    this.stageGone(changes, this.to(to))
  }

  private stageGone(changes: TurnChanges, gone: readonly OutboxRecord[]): void {
    for (const entry of gone) this.stageRemoval(changes, entry.key)
  }

  private showWaiting(): void {
    const waiting = this.all.filter((entry) => entry.message && !entry.aside).length
    this.core.view.connection({ waiting })
  }
}

/** To be encrypted once more; another ciphertext is another call. */
export const anew = (entry: OutboxRecord): OutboxRecord => ({
  ...entry,
  id: crypto.randomUUID(),
  envelopes: null,
  n: null,
  aside: false,
})
