/**
 * Envelopes that could not be read: each leaves a notice, costs the sender's budget, may renew. The
 * budget is the device's, and all devices of a person together have one more: the relay may put any
 * device's number on an envelope.
 */
import { countLists } from '@/messenger/core/stored-records'
import type { TurnChanges } from '@/messenger/core/serial'
import { CryptoError } from '@/crypto/errors'
import type { CryptoErrorCode } from '@/crypto/errors'
import { hasPassed } from '@/platform/clock'
import type { IncomingEnvelope } from '@/wire/types'
import type { Chats } from '@/messenger/chats/chats'
import { ContentError } from '@/messenger/contents/checks'
import type { Core } from '@/messenger/core/core'
import { findMessage } from '@/messenger/core/kept-messages'
import { readCount } from '@/messenger/core/counter-table'
import { counterKey, readCounter } from './counters'
import type { People } from '@/messenger/people/people'
import type { Awaited } from './awaited'
import type { RetryRequests } from './retry-requests'
import type { DeviceWatch } from '@/messenger/keys/device-watch'
import type { SecurityLog } from '@/messenger/keys/security-log'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'

/** The message, or its first use of a last-resort prekey, was here before. */
const replayed: ReadonlySet<CryptoErrorCode> = new Set(['duplicate', 'reused_base_key'])

const HOUR = 3_600_000
/** DecryptionFailures per hour after which a device's envelopes are refused without any work. */
const BUDGET = 50
/** The same for all numbers that a person's devices are said to have. */
const PERSONS_BUDGET = 100

export class DecryptionFailures {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly log: SecurityLog,
    private readonly awaited: Awaited,
    private readonly retries: RetryRequests,
    private readonly watch: DeviceWatch,
  ) {}

  async exhausted(userId: UserId, deviceId: number): Promise<boolean> {
    const { failures } = await readCounter(this.core.store, userId, deviceId)
    return this.isSpent(failures, BUDGET) || this.flooded(userId)
  }

  async stage(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    error: CryptoError | ContentError,
  ): Promise<void> {
    const { user_id: userId, device_id: device } = envelope.from
    if (error instanceof CryptoError && replayed.has(error.code)) {
      return this.stageRepeated(changes, envelope, error.code)
    }
    // What was refused without work costs nothing: the budget is free again an hour after it was
    // spent, however much still comes.
    const spent = await this.exhausted(userId, device)
    if (!spent) await this.spend(changes, userId, device)
    const flooded = await this.flooded(userId)
    if (error instanceof ContentError && error.problem !== 'malformed') {
      return this.log.stage(changes, 'sender_refused', { userId, device })
    }
    const downgrade = error instanceof CryptoError && error.code === 'downgrade'
    // Told once per device; the session that is renewed is one of version 4.
    if (downgrade) await this.watch.stageDowngrade(changes, userId, device)
    else this.log.stage(changes, 'undecryptable', { userId, device })
    const isContact = this.people.all.get(userId)?.relation === 'contact'
    const mayCome = !spent && !downgrade && (isContact || userId === this.core.account.userId)
    // A content that makes no sense makes none the second time.
    const reason = error instanceof CryptoError ? error.code : null
    // One of an earlier device of one's own, say: the message came from a backup.
    const here = await findMessage(this.core.store, { sender: userId, id: envelope.id })
    if (here) return
    const waits = mayCome && this.awaited.stageUnread(changes, envelope, reason)
    // Refused unread, there may be any number of them: one line tells of all.
    if (isContact && !waits) await this.chats.stageMissing(changes, conversationWith(userId))
    // In a flood the device number is likely forged: no bundle is fetched for it.
    if (!this.awaited.mayAsk(userId) || flooded) return
    if (waits) changes.whenStored(() => this.retries.request())
    else changes.whenStored(() => this.retries.renew(userId, device))
  }

  /** Seen before by the ratchet or by the counters: by all appearances nothing is missing. */
  async stageRepeated(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    reason: string,
  ): Promise<void> {
    const { user_id: userId, device_id: device } = envelope.from
    this.log.stage(changes, 'replay_refused', { userId, device })
    const waits = await this.awaited.stageRepeated(changes, envelope, reason)
    if (waits) changes.whenStored(() => this.retries.request())
  }

  /** Under another key, and no room to hold it: one entry stands for all. */
  async stageUnheld(changes: TurnChanges, { from }: IncomingEnvelope): Promise<void> {
    const { user_id: userId, device_id: device } = from
    this.log.stage(changes, 'undecryptable', { userId, device })
    if (this.people.all.get(userId)?.relation === 'contact') {
      await this.chats.stageMissing(changes, conversationWith(userId))
    }
  }

  private async spend(changes: TurnChanges, userId: UserId, device: number): Promise<void> {
    const now = this.core.now()
    const counter = await readCounter(this.core.store, userId, device)
    const failures = [...counter.failures, now].slice(-BUDGET)
    changes.put('counters', counterKey(userId, device), { ...counter, failures })
    const all = [...(await this.ofAll(userId)), now].slice(-PERSONS_BUDGET)
    changes.put('counters', failuresKey(userId), all)
  }

  private ofAll(userId: UserId): Promise<number[]> {
    return readCount(this.core.store, countLists, failuresKey(userId), [])
  }

  private async flooded(userId: UserId): Promise<boolean> {
    return this.isSpent(await this.ofAll(userId), PERSONS_BUDGET)
  }

  private isSpent(failures: readonly number[], budget: number): boolean {
    return failures.filter((at) => !hasPassed(HOUR, at, this.core.now())).length >= budget
  }
}

const failuresKey = (userId: UserId): string => `failures/${userId}`
