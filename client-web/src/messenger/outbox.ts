/**
 * What waits to be sent, sealed on disk. Per recipient one after the other, so order holds: an
 * entry is encrypted once (ciphertexts, ratchet states and counter in one transaction), then the
 * identical call is repeated until the relay accepts it. A crash at any point loses nothing and
 * encrypts nothing twice.
 */
import { Changes } from '@/storage/changes'
import type { Chats } from './chats'
import type { Core } from './core'
import type { Message, SendProblem } from './contract'
import type { Body } from './content'
import { Delivery } from './delivery'
import type { Outcome } from './delivery'
import type { OutboxRecord } from './records'
import type { Targets } from './targets'

type Accepted = Extract<Outcome, { type: 'accepted' }>

export interface NewEntry {
  to: string
  contentId: string
  body: Body
  sentAt: number
  message: OutboxRecord['message']
}

export class Outbox {
  private readonly entries = new Map<number, OutboxRecord>()
  private readonly running = new Set<string>()
  private readonly paused = new Map<string, ReturnType<typeof setTimeout>>()
  private lastKey = 0
  /** By `Core.elapsed`. */
  private limitedUntil = -Infinity
  private limitTimer: ReturnType<typeof setTimeout> | null = null
  private stopped = false

  constructor(
    private readonly core: Core,
    private readonly targets: Targets,
    private readonly chats: Chats,
    private readonly delivery: Delivery,
  ) {}

  async load(): Promise<void> {
    for (const entry of await this.core.store.all<OutboxRecord>('outbox')) {
      this.entries.set(entry.key, entry)
      this.lastKey = Math.max(this.lastKey, entry.key)
    }
    this.showWaiting()
  }

  /** Adds the write to `changes`; call the result after the commit: it starts sending. */
  stage(changes: Changes, entry: NewEntry): () => void {
    const record: OutboxRecord = {
      ...entry,
      key: ++this.lastKey,
      id: entry.message ? entry.contentId : crypto.randomUUID(),
      envelopes: null,
      n: null,
    }
    changes.put('outbox', record.key, record)
    return () => {
      this.entries.set(record.key, record)
      this.showWaiting()
      this.kick(record.to)
    }
  }

  /** Sends what can be sent, to one recipient or to all. */
  kick(to?: string): void {
    const recipients = to ? [to] : new Set([...this.entries.values()].map((entry) => entry.to))
    for (const recipient of recipients) {
      if (!this.running.has(recipient)) void this.run(recipient)
    }
  }

  /** Forgets pauses: connected again, or a new key was accepted. */
  resume(to?: string): void {
    for (const recipient of to ? [to] : [...this.paused.keys()]) {
      clearTimeout(this.paused.get(recipient))
      this.paused.delete(recipient)
    }
    this.kick(to)
  }

  /** For the recipient's new key: what was encrypted to the old one can never be read. */
  async renew(to: string): Promise<void> {
    await this.core.serial.run(async () => {
      const changes = new Changes()
      const renewed: OutboxRecord[] = []
      for (const entry of this.entries.values()) {
        if (entry.to !== to) continue
        // Another ciphertext is another call.
        renewed.push({ ...entry, id: crypto.randomUUID(), envelopes: null, n: null })
      }
      for (const entry of renewed) changes.put('outbox', entry.key, entry)
      const target = this.targets.get(to)
      const shows = await Promise.all(
        renewed.map(({ contentId }) => this.chats.stageSeal(changes, contentId, target)),
      )
      await this.core.store.commit(changes)
      for (const entry of renewed) this.entries.set(entry.key, entry)
      for (const show of shows) show()
    })
    this.resume(to)
  }

  stop(): void {
    this.stopped = true
    for (const timer of this.paused.values()) clearTimeout(timer)
    if (this.limitTimer) clearTimeout(this.limitTimer)
  }

  /**
   * Takes out what was never tried: a deleted message that may be at the relay already, and whose
   * counter is used, still goes its way.
   */
  async stageUntried(
    changes: Changes,
    unwanted: (entry: OutboxRecord) => boolean,
  ): Promise<() => void> {
    const gone: OutboxRecord[] = []
    for (const entry of [...this.entries.values()].filter(unwanted)) {
      // The disk knows first.
      const stored = await this.core.store.get<OutboxRecord>('outbox', entry.key)
      if (!stored?.envelopes) gone.push(entry)
    }
    return this.stageGone(changes, gone)
  }

  /** Everything for someone who is no contact any more. */
  stageRemovalTo(changes: Changes, to: string): () => void {
    return this.stageGone(
      changes,
      [...this.entries.values()].filter((entry) => entry.to === to),
    )
  }

  private stageGone(changes: Changes, gone: readonly OutboxRecord[]): () => void {
    for (const entry of gone) changes.remove('outbox', entry.key)
    return () => {
      for (const entry of gone) this.entries.delete(entry.key)
      this.showWaiting()
    }
  }

  private next(to: string): OutboxRecord | undefined {
    let first: OutboxRecord | undefined
    for (const entry of this.entries.values()) {
      if (entry.to === to && (!first || entry.key < first.key)) first = entry
    }
    return first
  }

  private async run(to: string): Promise<void> {
    this.running.add(to)
    try {
      for (;;) {
        const entry = this.next(to)
        const wait = this.limitedUntil - this.core.elapsed()
        if (!entry || this.stopped || !this.core.socket || this.paused.has(to)) return
        if (wait > 0) return this.pause(to, wait)
        const outcome = await this.delivery.attempt(entry)
        if (!(await this.settle(entry, outcome))) return
      }
    } catch (error) {
      // The store refused (fenced, locked, full): nothing was lost, a later kick tries again.
      if (!this.stopped) this.pause(to, 5_000)
      if (!(error instanceof Error && error.name === 'StorageError')) throw error
    } finally {
      this.running.delete(to)
    }
  }

  /** True when the next entry may follow. */
  private async settle(entry: OutboxRecord, outcome: Outcome): Promise<boolean> {
    // Meanwhile deleted, or to be encrypted anew: what this attempt came to counts no more.
    if (this.entries.get(entry.key) !== entry) return true
    switch (outcome.type) {
      case 'accepted':
        await this.finish(entry, outcome)
        return true
      case 'prepared':
        this.entries.set(entry.key, outcome.entry)
        return true
      case 'later':
        if (outcome.everyone) this.limit(outcome.wait)
        await this.tell(entry, outcome.problem)
        this.pause(entry.to, outcome.wait)
        return false
      case 'hold':
        // Until the person or a reconnection says otherwise.
        await this.tell(entry, outcome.problem)
        return false
      case 'never':
        await this.drop(entry, outcome.problem)
        return true
      case 'gone':
        this.entries.delete(entry.key)
        return true
    }
  }

  /** Statuses are read and written back: never while the inbox does the same. */
  private finish(entry: OutboxRecord, outcome: Accepted): Promise<void> {
    return this.core.serial.run(() => this.finishNow(entry, outcome))
  }

  private async finishNow(entry: OutboxRecord, { at, receipts }: Accepted): Promise<void> {
    const changes = new Changes().remove('outbox', entry.key)
    const shows: (() => void)[] = []
    if (entry.message) {
      const { conversation } = entry.message
      shows.push(
        await this.chats.stageAccepted(changes, conversation, entry.contentId, at, receipts),
      )
    }
    shows.push(this.stageCopy(changes, entry))
    await this.core.store.commit(changes)
    this.entries.delete(entry.key)
    this.showWaiting()
    for (const show of shows) show()
  }

  /** One's own other devices learn what was written, and what was read. */
  private stageCopy(changes: Changes, entry: OutboxRecord): () => void {
    const { body, to } = entry
    const target = this.targets.get(to)
    const copied = body.type === 'text' || body.type === 'read'
    if (!copied || !target || to === this.core.account.userId || this.targets.own.length === 0) {
      return () => undefined
    }
    const copy = { ...body, for: this.delivery.copyOf(target) }
    const { contentId, sentAt } = entry
    const own = this.core.account.userId
    return this.stage(changes, { to: own, contentId, body: copy, sentAt, message: null })
  }

  private async drop(entry: OutboxRecord, problem: SendProblem): Promise<void> {
    await this.core.serial.run(async () => {
      const changes = new Changes().remove('outbox', entry.key)
      const show = await this.stageProblem(changes, entry, problem)
      await this.core.store.commit(changes)
      this.entries.delete(entry.key)
      this.showWaiting()
      show()
    })
  }

  private async tell(entry: OutboxRecord, problem: SendProblem | null): Promise<void> {
    if (!entry.message) return
    await this.core.serial.run(async () => {
      const changes = new Changes()
      const show = await this.stageProblem(changes, entry, problem)
      await this.core.store.commit(changes)
      show()
    })
  }

  private async stageProblem(
    changes: Changes,
    entry: OutboxRecord,
    problem: SendProblem | null,
  ): Promise<() => void> {
    const message = entry.message && (await this.core.store.message<Message>(entry.contentId))
    if (!message || message.problem === problem || message.status !== 'waiting') {
      return () => undefined
    }
    return this.chats.stageChanged(changes, { ...message, problem })
  }

  private limit(wait: number): void {
    this.limitedUntil = this.core.elapsed() + wait
    this.core.view.connection({ sendLimitedUntil: this.limitedUntil })
    if (this.limitTimer) clearTimeout(this.limitTimer)
    this.limitTimer = setTimeout(() => {
      this.core.view.connection({ sendLimitedUntil: null })
    }, wait + 20)
  }

  private pause(to: string, wait: number): void {
    clearTimeout(this.paused.get(to))
    const timer = setTimeout(() => {
      this.paused.delete(to)
      this.kick(to)
    }, wait)
    this.paused.set(to, timer)
  }

  private showWaiting(): void {
    const waiting = [...this.entries.values()].filter((entry) => entry.message).length
    this.core.view.connection({ waiting })
  }
}
