/** Envelopes that could not be read: each leaves a notice, costs the sender's budget, may renew. */
import { CryptoError } from '@/crypto/errors'
import type { Changes } from '@/storage/changes'
import type { IncomingEnvelope } from '@/wire/types'
import type { Chats } from './chats'
import { ContentError } from './content'
import type { Core } from './core'
import { counterKey, readCounter } from './counters'
import { mayWriteTo } from './people'
import type { People } from './people'
import type { Renewals } from './renewals'
import type { SecurityLog } from './security-log'

const HOUR = 3_600_000
/** Failures per hour after which a device's envelopes are refused without any work. */
const BUDGET = 50

export class Failures {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly log: SecurityLog,
    private readonly renewals: Renewals,
  ) {}

  async exhausted(userId: string, deviceId: number): Promise<boolean> {
    const { failures } = await readCounter(this.core.store, userId, deviceId)
    return failures.filter((at) => at > this.core.now() - HOUR).length >= BUDGET
  }

  async stage(
    changes: Changes,
    { from }: IncomingEnvelope,
    error: CryptoError | ContentError,
  ): Promise<() => void> {
    const { user_id: userId, device_id: device } = from
    // The relay repeats itself under a new number: the ratchet has seen it, nothing is lost.
    if (error instanceof CryptoError && error.code === 'duplicate') {
      return this.log.stage(changes, 'replay_refused', { userId, device })
    }
    const counter = await readCounter(this.core.store, userId, device)
    // What was refused without work costs nothing: the budget is free again an hour after it was
    // spent, however much still comes.
    const spent = await this.exhausted(userId, device)
    const failures = spent
      ? counter.failures
      : [...counter.failures, this.core.now()].slice(-BUDGET)
    changes.put('counters', counterKey(userId, device), { ...counter, failures })
    if (error instanceof ContentError && error.problem !== 'malformed') {
      return this.log.stage(changes, 'sender_refused', { userId, device })
    }
    const shows = [this.log.stage(changes, 'undecryptable', { userId, device })]
    const person = this.people.all.get(userId)
    if (person?.relation === 'contact') {
      // Refused unread, there may be any number of them: one line tells of all.
      shows.push(
        spent
          ? await this.chats.stageMissing(changes, userId)
          : this.chats.stageNotice(changes, userId, { type: 'undecryptable' }),
      )
    }
    return () => {
      for (const show of shows) show()
      if (person && mayWriteTo(person) && !person.changed) this.renewals.request(userId, device)
    }
  }
}
