/**
 * Receipts: owed ones lie on disk (written together with the message they answer), go out batched
 * per contact, at least five seconds apart, within a third of the account's message window, and
 * only to accepted contacts.
 */
import { Changes } from '@/storage/store'
import type { Core } from './core'
import type { Outbox } from './outbox'
import { mayWriteTo } from './people'
import type { People } from './people'
import type { ReceiptsRecord } from './records'

const APART = 5_000
const WINDOW = 60_000
/** A third of sixty. */
const BUDGET = 20
const GATHER = 250
const MOST_IDS = 500

export class Receipts {
  private readonly owed = new Map<string, ReceiptsRecord>()
  private readonly lastSent = new Map<string, number>()
  private readonly sent: number[] = []
  private timer: ReturnType<typeof setTimeout> | null = null
  private stopped = false

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly outbox: Outbox,
  ) {}

  async load(): Promise<void> {
    for (const key of await this.core.store.keys('records')) {
      if (!key.startsWith('receipts/')) continue
      const record = await this.core.store.get<ReceiptsRecord>('records', key)
      if (record) this.owed.set(record.userId, record)
    }
    this.schedule()
  }

  /** Adds the write to `changes`; call the result after the commit. */
  stage(
    changes: Changes,
    userId: string,
    type: 'delivered' | 'read',
    ids: readonly string[],
  ): () => void {
    const before = this.owed.get(userId) ?? { userId, delivered: [], read: [] }
    const record = { ...before, [type]: [...new Set([...before[type], ...ids])] }
    changes.put('records', `receipts/${userId}`, () => this.owed.get(userId) ?? record)
    this.owed.set(userId, record)
    return () => this.schedule()
  }

  stop(): void {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
  }

  forget(userId: string): void {
    this.owed.delete(userId)
  }

  private schedule(): void {
    if (this.timer || this.stopped || this.owed.size === 0) return
    this.timer = setTimeout(() => {
      this.timer = null
      void this.flush().finally(() => this.scheduleNext())
    }, GATHER)
  }

  /** Comes back when the next contact or the window allows more. */
  private scheduleNext(): void {
    const waits = [...this.owed.keys()]
      .filter((id) => this.allowed(id))
      .map((id) => Math.max(this.due(id), this.room()) - this.core.now())
    if (waits.length === 0 || this.timer || this.stopped) return
    this.timer = setTimeout(
      () => {
        this.timer = null
        this.schedule()
      },
      Math.max(0, Math.min(...waits)),
    )
  }

  private async flush(): Promise<void> {
    for (const record of this.owed.values()) {
      const now = this.core.now()
      if (!this.allowed(record.userId) || this.due(record.userId) > now || this.room() > now)
        continue
      await this.send(record)
    }
  }

  private async send({ userId }: ReceiptsRecord): Promise<void> {
    const record = this.owed.get(userId)
    if (!record) return
    // Whoever gets "read" needs no "delivered" for the same message.
    const type = record.read.length > 0 ? 'read' : 'delivered'
    const ids = record[type].slice(0, MOST_IDS)
    const rest = new Set(ids)
    const left: ReceiptsRecord = {
      userId,
      delivered: record.delivered.filter((id) => !rest.has(id)),
      read: record.read.filter((id) => !rest.has(id)),
    }
    const empty = left.delivered.length === 0 && left.read.length === 0
    const changes = new Changes()
    if (empty) changes.remove('records', `receipts/${userId}`)
    else changes.put('records', `receipts/${userId}`, left)
    const kick = this.outbox.stage(changes, {
      to: userId,
      contentId: crypto.randomUUID(),
      body: { type, ids },
      sentAt: this.core.now(),
      message: null,
    })
    if (empty) this.owed.delete(userId)
    else this.owed.set(userId, left)
    this.lastSent.set(userId, this.core.now())
    this.sent.push(this.core.now())
    await this.core.store.commit(changes)
    kick()
  }

  private allowed(userId: string): boolean {
    const person = this.people.all.get(userId)
    return person !== undefined && mayWriteTo(person)
  }

  private due(userId: string): number {
    return (this.lastSent.get(userId) ?? -Infinity) + APART
  }

  /** When the window has room for one more. */
  private room(): number {
    while ((this.sent[0] ?? Infinity) <= this.core.now() - WINDOW) this.sent.shift()
    return this.sent.length < BUDGET ? 0 : (this.sent[0] ?? 0) + WINDOW
  }
}
