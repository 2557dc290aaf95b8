/**
 * Asks a sender's device for what could not be read, in a session begun anew: at once, after an hour and after a day,
 * three times at most. Several envelopes are one request. Runs in the background, one at a time; what does not get
 * through is asked at the next connection.
 */
import { hasPassed } from '@/platform/clock'
import { storeWaits } from '@/storage/errors'
import type { Chats } from '@/messenger/chats/chats'
import { MOST_ENVELOPES } from '@/messenger/contents/retry/retry'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import { sessionKey } from '@/messenger/core/counter-table'
import type { AwaitedRecord } from '@/messenger/core/content-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { SecurityLog } from '@/messenger/keys/security-log'
import type { Body } from '@/messenger/contents/registry'
import type { Outbox } from '@/messenger/sending/outbox'
import type { Awaited } from './awaited'
import type { SessionRenewal } from './session-renewal'

/** Envelopes of one batch fail one after the other. */
const GATHER = 100
/** Before the first, the second and the third request. */
const WAITS = [0, 3_600_000, 86_400_000]
/** After the last request: the sender's device answers within this time or not at all. */
const ANSWERED_WITHIN = 30 * 86_400_000

export class RetryRequests {
  private timer: ReturnType<typeof setTimeout> | null = null
  private asking: Promise<void> | null = null
  private again = false
  private stopped = false

  constructor(
    private readonly core: Core,
    private readonly awaited: Awaited,
    private readonly renewal: SessionRenewal,
    private readonly outbox: Outbox,
    private readonly chats: Chats,
    private readonly log: SecurityLog,
  ) {}

  /** Asks for all that is due, soon. */
  request(): void {
    if (this.stopped) return
    this.timer ??= setTimeout(() => {
      this.timer = null
      this.start()
    }, GATHER)
  }

  /** Begins a new session with a device that nothing is asked of, and says so. */
  renew(userId: UserId, device: number): void {
    const renewing = this.renewed(userId, device, [])
    renewing.catch((error: unknown) => this.failed(error))
  }

  stop(): void {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
  }

  private start(): void {
    if (this.asking) this.again = true
    this.asking ??= this.askAll()
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.asking = null
        if (this.again) this.request()
        this.again = false
      })
  }

  private failed(error: unknown): void {
    // Not stored: asked at the next connection.
    if (!this.stopped && !storeWaits(error)) reportError(error)
  }

  private async askAll(): Promise<void> {
    const byDevice = new Map<string, AwaitedRecord[]>()
    const late: AwaitedRecord[] = []
    for (const record of this.awaited.all) {
      const key = sessionKey(record.userId, record.device)
      if (this.isLate(record)) late.push(record)
      else if (this.isDue(record)) byDevice.set(key, [...(byDevice.get(key) ?? []), record])
    }
    await this.giveUp(late)
    for (const records of byDevice.values()) {
      const [first] = records
      if (this.stopped || !this.core.socket || !first) return
      if (this.awaited.mayAsk(first.userId)) await this.renewed(first.userId, first.device, records)
    }
  }

  private isLate({ asked, askedAt }: AwaitedRecord): boolean {
    return asked > 0 && hasPassed(ANSWERED_WITHIN, askedAt, this.core.now())
  }

  private isDue({ asked, askedAt }: AwaitedRecord): boolean {
    const wait = WAITS[asked]
    return wait !== undefined && hasPassed(wait, askedAt, this.core.now())
  }

  private async renewed(
    userId: UserId,
    device: number,
    records: readonly AwaitedRecord[],
  ): Promise<void> {
    const outcome = await this.renewal.renew(userId, device)
    if (this.stopped || outcome === 'not_now') return
    if (outcome === 'no_device') return this.giveUp(records)
    if (outcome === 'recent' && records.length === 0) return
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      if (outcome === 'renewed') {
        this.log.stage(changes, 'session_renewed', { userId, device })
        const id = conversationWith(userId)
        if (userId !== this.core.account.userId) {
          this.chats.stageNotice(changes, id, { type: 'session_renewed' })
        }
      }
      // What came, or was given up, meanwhile is not asked for.
      const open = records.filter((one) => this.awaited.find(userId, device, one.id, changes))
      for (let at = 0; at < open.length; at += MOST_ENVELOPES) {
        const part = open.slice(at, at + MOST_ENVELOPES)
        const [envelopes, reason] = [part.map(({ id }) => id), part[0]?.reason ?? '']
        this.stageBody(changes, userId, { type: 'retry', envelopes, reason, device, silent: true })
      }
      if (open.length === 0) this.stageBody(changes, userId, { type: 'hello' })
      const askedAt = this.core.now()
      for (const one of open) this.awaited.stage(changes, { ...one, asked: one.asked + 1, askedAt })
      await this.core.store.commit(changes)
    })
  }

  private stageBody(changes: TurnChanges, to: UserId, body: Body): void {
    const sentAt = this.core.now()
    this.outbox.stage(changes, { to, contentId: crypto.randomUUID(), body, sentAt, message: null })
  }

  private async giveUp(records: readonly AwaitedRecord[]): Promise<void> {
    if (records.length === 0) return
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      for (const one of records) {
        const known = this.awaited.find(one.userId, one.device, one.id, changes)
        if (known) await this.awaited.stageLost(changes, known)
      }
      await this.core.store.commit(changes)
    })
  }
}
