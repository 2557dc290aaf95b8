/**
 * The outbox, sealed on disk. It sends the entries of one recipient in order. It encrypts an entry once, in one
 * transaction, and repeats the identical call until the relay accepts it. A crash loses nothing, and nothing is encrypted twice.
 */
import { findMessage } from '@/messenger/core/kept-messages'
import { hindered } from '@/messenger/core/message-status'
import { TurnChanges } from '@/messenger/core/serial'
import { CryptoError, isNotLoaded } from '@/crypto/errors'
import { reportMissingPart } from '@/platform/late-parts'
import { StorageError, storeWaits } from '@/storage/errors'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import { conversationWith, MessengerError } from '@/messenger/contract'
import type { SendProblem, UserId } from '@/messenger/contract'
import { Delivery } from './delivery'
import type { SendOutcome } from './send-outcome'
import { copyFor, datedAt } from './copies'
import { stageCopySeal, stageMessageKey } from './message-key'
import type { SentContents } from './sent-contents'
import { anew, OutboxEntries } from './outbox-entries'
import type { NewEntry } from './outbox-entries'
import type { OutboxRecord } from '@/messenger/core/records'
import type { Targets } from '@/messenger/keys/targets'

type Accepted = Extract<SendOutcome, { type: 'accepted' }>

const STORE_PAUSE = 5_000
/** After this many faults of our own an entry is set aside; before, it pauses a little longer each time. */
const MOST_FAULTS = 3
const FAULT_PAUSE = 1_000

export class Outbox {
  readonly entries: OutboxEntries
  private readonly running = new Set<UserId>()
  private readonly paused = new Map<UserId, ReturnType<typeof setTimeout>>()
  /** By entry: how often an attempt failed for no reason that is known. */
  private readonly faults = new Map<number, number>()
  /** By `Core.elapsed`. */
  private limitedUntil = -Infinity
  private limitTimer: ReturnType<typeof setTimeout> | null = null
  private stopped = false

  constructor(
    readonly core: Core,
    private readonly targets: Targets,
    readonly chats: Chats,
    private readonly delivery: Delivery,
    private readonly sent: SentContents,
  ) {
    this.entries = new OutboxEntries(core)
  }

  load(): Promise<void> {
    return this.entries.load()
  }

  /** Called with entries whose files are to be uploaded, after the commit. */
  uploadsWanted: () => void = () => undefined

  /** Called when the relay took an entry, with its time by the relay's clock, or never will (null); before the commit. */
  settled: (changes: TurnChanges, entry: OutboxRecord, at: number | null) => void = () => undefined

  /** Adds the entry to `changes`; sending starts after the commit. */
  stage(changes: TurnChanges, entry: NewEntry): void {
    this.entries.stageNew(changes, entry)
    changes.whenStored(() => (entry.uploads ? this.uploadsWanted() : this.kick(entry.to)))
  }

  /** Sends what can be sent, to one recipient or to all. */
  kick(to?: UserId): void {
    const recipients = to ? [to] : new Set(this.entries.all.map((entry) => entry.to))
    for (const recipient of recipients) {
      if (!this.running.has(recipient)) void this.run(recipient)
    }
  }

  /** Forgets pauses: connected again, or a new key was accepted. */
  resume(to?: UserId): void {
    for (const recipient of to ? [to] : [...this.paused.keys()]) this.unpause(recipient)
    this.kick(to)
  }

  /** Encrypts the entries anew for the recipient's new key: nobody can read those under the old one. */
  async renew(to: UserId): Promise<void> {
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      const waiting = this.entries.to(to)
      // What was written under the old key goes to no other.
      for (const { key, again } of waiting) if (again) this.entries.stageRemoval(changes, key)
      const renewed = waiting.filter(({ again }) => again === undefined).map(anew)
      for (const entry of renewed) this.entries.stage(changes, entry)
      const target = this.targets.get(to)
      for (const { contentId } of renewed) await stageMessageKey(this, changes, contentId, target)
      await this.core.store.commit(changes)
    })
    this.resume(to)
  }

  stop(): void {
    this.stopped = true
    for (const timer of this.paused.values()) clearTimeout(timer)
    if (this.limitTimer) clearTimeout(this.limitTimer)
  }

  private async run(to: UserId): Promise<void> {
    this.running.add(to)
    try {
      for (;;) {
        const entry = this.entries.next(to)
        const wait = this.limitedUntil - this.core.elapsed()
        if (!entry || this.stopped || !this.core.socket || this.paused.has(to)) return
        if (wait > 0) return this.pause(to, wait)
        if (!(await this.step(entry))) return
      }
    } finally {
      this.running.delete(to)
    }
  }

  /** True when the next entry may follow. */
  private async step(entry: OutboxRecord): Promise<boolean> {
    try {
      const outcome = await this.delivery.attempt(entry)
      const goesOn = await this.settle(entry, outcome)
      this.faults.delete(entry.key)
      return goesOn
    } catch (error) {
      if (this.stopped) return false
      // The store takes nothing now (fenced, locked, full), or the engine is not whole: nothing was lost, a
      // later kick tries again.
      if (storeWaits(error) || isNotLoaded(error)) {
        if (isNotLoaded(error)) reportMissingPart()
        this.pause(entry.to, STORE_PAUSE)
        return false
      }
      return this.failed(entry, error)
    }
  }

  /** A fault of our own: it may pass; if not, the entry must not keep the others waiting. */
  private async failed(entry: OutboxRecord, error: unknown): Promise<boolean> {
    if (!(error instanceof CryptoError || error instanceof StorageError)) reportError(error)
    const times = (this.faults.get(entry.key) ?? 0) + 1
    this.faults.set(entry.key, times)
    if (times >= MOST_FAULTS) {
      try {
        await this.setAside(entry)
        return true
      } catch (failure) {
        if (!storeWaits(failure)) reportError(failure)
      }
    }
    this.pause(entry.to, FAULT_PAUSE * times)
    return false
  }

  /** True when the next entry may follow. */
  private async settle(entry: OutboxRecord, outcome: SendOutcome): Promise<boolean> {
    // Meanwhile deleted, or to be encrypted anew: what this attempt came to counts no more.
    if (this.entries.get(entry.key) !== entry) return true
    switch (outcome.type) {
      case 'accepted':
        await this.finish(entry, outcome)
        return true
      case 'prepared':
        this.entries.set(outcome.entry)
        if (outcome.wait === undefined) return true
        this.pause(entry.to, outcome.wait)
        return false
      case 'aside':
        await this.setAside(entry)
        return true
      case 'later':
        if (outcome.everyone) this.limit(outcome.wait)
        await this.tell(entry, outcome.problem)
        this.pause(entry.to, outcome.wait, outcome.problem === 'rate_limited' && !outcome.everyone)
        return false
      case 'hold':
        // Until the person decides or the device reconnects.
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
    return this.core.serial.run(async (turn) => {
      const { at, receipts } = outcome
      const changes = new TurnChanges(turn)
      this.entries.stageRemoval(changes, entry.key)
      if (entry.message) {
        const envelopes = entry.envelopes ?? []
        await this.chats.stageAccepted(changes, entry.to, entry.contentId, at, receipts, envelopes)
      } else await stageCopySeal(this, changes, entry)
      const dated = datedAt(entry, at)
      this.settled(changes, dated, dated.sentAt)
      await this.sent.stage(changes, dated, this.targets.get(entry.to), at)
      const copy = copyFor(this.core.account.userId, this.targets, dated)
      if (copy) this.stage(changes, copy)
      await this.core.store.commit(changes)
    })
  }

  /** Tries an own message again that was set aside, with its ciphertexts. */
  sendAgain(id: string): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const entry = this.entries.all.find((one) => one.contentId === id && one.aside)
      if (!entry?.message) throw new MessengerError('gone')
      const changes = new TurnChanges(turn)
      await this.stageProblem(changes, entry, null)
      this.entries.stage(changes, { ...entry, aside: false })
      await this.core.store.commit(changes)
      if (entry.uploads) this.uploadsWanted()
      this.resume(entry.to)
    })
  }

  /** An entry that is no message (a receipt, a copy) is dropped without asking the person. */
  async setAside(entry: OutboxRecord, problem: SendProblem = 'set_aside'): Promise<void> {
    this.faults.delete(entry.key)
    if (!entry.message) return this.drop(entry, 'set_aside')
    await this.core.serial.run(async (turn) => {
      // Deleted, or to be encrypted anew, meanwhile.
      if (this.entries.get(entry.key) !== entry) return
      const changes = new TurnChanges(turn)
      await this.stageProblem(changes, entry, problem)
      this.entries.stage(changes, { ...entry, aside: true })
      await this.core.store.commit(changes)
    })
  }

  private async drop(entry: OutboxRecord, problem: SendProblem): Promise<void> {
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      this.entries.stageRemoval(changes, entry.key)
      this.settled(changes, entry, null)
      await this.stageProblem(changes, entry, problem)
      await this.core.store.commit(changes)
    })
  }

  private async tell(entry: OutboxRecord, problem: SendProblem | null): Promise<void> {
    if (!entry.message) return
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      await this.stageProblem(changes, entry, problem)
      await this.core.store.commit(changes)
    })
  }

  private async stageProblem(
    changes: TurnChanges,
    entry: OutboxRecord,
    problem: SendProblem | null,
  ): Promise<void> {
    if (!entry.message) return
    const { store } = this.core
    const message = await findMessage(store, { sender: null, id: entry.contentId })
    const changed = message && hindered(message, entry.to, problem)
    if (changed) this.chats.stageChanged(changes, changed)
  }

  private limit(wait: number): void {
    this.limitedUntil = this.core.elapsed() + wait
    this.core.view.connection({ sendLimitedUntil: this.limitedUntil })
    if (this.limitTimer) clearTimeout(this.limitTimer)
    this.limitTimer = setTimeout(() => {
      this.core.view.connection({ sendLimitedUntil: null })
    }, wait + 20)
  }

  /** `shown`: the person sees when it ends. */
  private pause(to: UserId, wait: number, shown = false): void {
    this.unpause(to)
    const timer = setTimeout(() => {
      this.unpause(to)
      this.kick(to)
    }, wait)
    this.paused.set(to, timer)
    if (shown) this.chats.setSendsAgainAt(conversationWith(to), this.core.elapsed() + wait)
  }

  private unpause(to: UserId): void {
    clearTimeout(this.paused.get(to))
    this.paused.delete(to)
    this.chats.setSendsAgainAt(conversationWith(to), null)
  }
}
