/**
 * Receipts: owed ones lie on disk (written together with the message they answer), go out batched
 * per contact, at least five seconds apart, within a third of the account's message window, and
 * only to accepted contacts. Own devices also get read marks that the contact does not get.
 */
import { receiptsOwed } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import { StorageError } from '@/storage/errors'
import type { Core } from '@/messenger/core/core'
import { CachedTable } from '@/messenger/core/cached-table'
import type { Outbox } from './outbox'
import { RECEIPTS_APART } from '@/messenger/sending/receipt-pace'
import type { SiblingSync } from './sibling-sync'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import type { ReceiptsRecord } from '@/messenger/core/records'
import type { UserId } from '@/messenger/contract'

const WINDOW = 60_000
/** A third of sixty. */
const BUDGET = 20
const GATHER = 250
const MOST_IDS = 500
const PREFIX = 'receipts/'

/** `seen`: read, and only one's own other devices learn it. */
type Kind = 'delivered' | 'read' | 'seen'

export class Receipts {
  private readonly records = new CachedTable<UserId, ReceiptsRecord>(receiptsOwed, PREFIX)
  private readonly lastSent = new Map<UserId, number>()
  private readonly sent: number[] = []
  private timer: ReturnType<typeof setTimeout> | null = null
  private stopped = false

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly outbox: Outbox,
    private readonly sync: SiblingSync,
  ) {}

  async load(): Promise<void> {
    await this.records.loadSpare(this.core.store, ({ userId }) => userId)
    this.schedule()
  }

  /** Adds what is owed to `changes`. */
  stage(changes: TurnChanges, userId: UserId, type: Kind, ids: readonly string[]): void {
    const before = this.records.get(userId, changes) ?? { userId, delivered: [], read: [] }
    const record = { ...before, [type]: [...new Set([...(before[type] ?? []), ...ids])] }
    this.records.stage(changes, userId, record)
    changes.whenStored(() => this.schedule())
  }

  stop(): void {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
  }

  stageRemoval(changes: TurnChanges, userId: UserId): void {
    this.records.stageRemoval(changes, userId)
  }

  private get owed(): ReadonlyMap<UserId, ReceiptsRecord> {
    return this.records.all
  }

  private schedule(): void {
    if (this.timer || this.stopped || this.owed.size === 0) return
    this.timer = setTimeout(() => {
      this.timer = null
      this.flush().then(
        () => this.scheduleNext(0),
        // Not stored (full, fenced, locked): what is owed lies on disk and is tried again.
        (error: unknown) => {
          this.scheduleNext(RECEIPTS_APART)
          if (!(error instanceof StorageError)) throw error
        },
      )
    }, GATHER)
  }

  /** Comes back when the next contact or the window allows more. */
  private scheduleNext(least: number): void {
    const waits = [...this.owed.keys()]
      .filter((id) => this.allowed(id))
      .map((id) => Math.max(this.due(id), this.room()) - this.core.elapsed())
    if (waits.length === 0 || this.timer || this.stopped) return
    this.timer = setTimeout(
      () => {
        this.timer = null
        this.schedule()
      },
      Math.max(least, Math.min(...waits)),
    )
  }

  private async flush(): Promise<void> {
    for (const record of this.owed.values()) {
      const now = this.core.elapsed()
      if (!this.allowed(record.userId) || this.due(record.userId) > now || this.room() > now)
        continue
      await this.core.serial.run((turn) => this.send(turn, record.userId))
    }
  }

  private async send(turn: Turn, userId: UserId): Promise<void> {
    const record = this.owed.get(userId)
    if (!record || this.stopped || !this.allowed(userId)) return
    // Whoever gets "read" needs no "delivered" for the same message.
    const type = record.read.length > 0 ? 'read' : 'delivered'
    const ids = record[type].slice(0, MOST_IDS)
    const seen = [...(type === 'read' ? ids : []), ...(record.seen ?? [])]
    const gone = new Set(ids)
    const left: ReceiptsRecord = {
      userId,
      delivered: record.delivered.filter((id) => !gone.has(id)),
      read: record.read.filter((id) => !gone.has(id)),
    }
    const empty = left.delivered.length === 0 && left.read.length === 0
    const changes = new TurnChanges(turn)
    if (empty) this.records.stageRemoval(changes, userId)
    else this.records.stage(changes, userId, left)
    changes.whenStored(() => {
      this.lastSent.set(userId, this.core.elapsed())
      this.sent.push(this.core.elapsed())
    })
    if (ids.length > 0) {
      this.outbox.stage(changes, {
        to: userId,
        contentId: crypto.randomUUID(),
        body: { type, ids },
        sentAt: this.core.now(),
        message: null,
      })
    }
    const person = this.people.all.get(userId)
    if (person && seen.length > 0) this.sync.stage(changes, person, { what: 'read', ids: seen })
    await this.core.store.commit(changes)
  }

  private allowed(userId: UserId): boolean {
    const person = this.people.all.get(userId)
    return person !== undefined && mayWriteTo(person)
  }

  private due(userId: UserId): number {
    return (this.lastSent.get(userId) ?? -Infinity) + RECEIPTS_APART
  }

  /** When the window has room for one more. */
  private room(): number {
    while ((this.sent[0] ?? Infinity) <= this.core.elapsed() - WINDOW) this.sent.shift()
    return this.sent.length < BUDGET ? -Infinity : (this.sent[0] ?? 0) + WINDOW
  }
}
