/**
 * Answers a device that could not read what this one sent it: the session is begun anew, unless the request came in a
 * new one, and the same content is sent again under the same id and number. Only to a device that it was encrypted
 * for, under the key that it was encrypted under, within thirty days, at most three times each.
 */
import { hasPassed } from '@/platform/clock'
import { identityText } from '@/crypto/contact/contact-code'
import { aboutOf } from '@/messenger/contents/about'
import { messageRules } from '@/messenger/contents/registry'
import type { Body } from '@/messenger/contents/registry'
import type { UserId } from '@/messenger/contract'
import { Budget } from '@/messenger/core/budget'
import type { Core } from '@/messenger/core/core'
import { findMessage } from '@/messenger/core/kept-messages'
import { pointerOf } from '@/messenger/core/shown-file'
import type { SentRecord } from '@/messenger/core/content-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Targets } from '@/messenger/keys/targets'
import type { People } from '@/messenger/people/people'
import type { Outbox } from '@/messenger/sending/outbox'
import { ASKED_FOR_WITHIN } from '@/messenger/sending/sent-contents'
import type { SentContents } from '@/messenger/sending/sent-contents'
import type { Awaited } from './awaited'
import type { SessionRenewal } from './session-renewal'

const MOST_TIMES = 3
/** Per person and hour. */
const MOST = 200
const HOUR = 3_600_000

/** Who asks for which envelopes. */
export interface Asking {
  readonly userId: UserId
  readonly device: number
  readonly envelopes: readonly string[]
  /** Whom they ask; undefined: any device of ours. */
  readonly asked: number | undefined
  /** The request began a session. */
  readonly fresh: boolean
}

export interface ResendParts {
  readonly core: Core
  readonly people: People
  readonly targets: Targets
  readonly outbox: Outbox
  readonly sent: SentContents
  readonly awaited: Awaited
}

export class Resending {
  private readonly budget = new Budget(MOST, HOUR)

  constructor(
    private readonly parts: ResendParts,
    private readonly renewal: SessionRenewal,
  ) {}

  async resend(asking: Asking): Promise<void> {
    const { userId, device, envelopes, asked, fresh } = asking
    if (!this.parts.awaited.mayAsk(userId)) return
    const found = await Promise.all(envelopes.map((id) => this.found(id, asking)))
    const wanted = found.filter((one) => one !== null)
    if (wanted.length > 0 && !fresh) {
      const outcome = await this.renewal.renew(userId, device)
      if (outcome === 'no_device' || outcome === 'not_now') return
    }
    await this.parts.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      for (const id of envelopes) {
        if (this.budget.exhausted(userId, this.parts.core.elapsed())) break
        const again = await this.found(id, asking)
        if (!again) continue
        this.budget.spend(userId, this.parts.core.elapsed())
        this.stage(changes, device, ...again)
      }
      const missing = envelopes.filter((_, at) => found[at] === null)
      // Not asked by its number, another device of ours may have them.
      if (asked !== undefined) await this.stageMissing(changes, asking, missing)
      await this.parts.core.store.commit(changes)
    })
  }

  /** What may be sent again to the device that asks; null: nothing. */
  private async found(id: string, { userId, device }: Asking): Promise<[SentRecord, Body] | null> {
    const record = await this.parts.sent.find(id)
    const target = this.parts.targets.get(userId)
    if (!record || !target || record.to !== userId || !record.devices.includes(device)) return null
    // The person decided about a new key, not about handing it what was written under the old one.
    if (record.identity !== identityText(target.identity)) return null
    if (hasPassed(ASKED_FOR_WITHIN, record.at, this.parts.core.now())) return null
    if ((record.again[device] ?? 0) >= MOST_TIMES) return null
    const body = record.body ?? (await this.written(record))
    return body && [record, body]
  }

  /** The content of a message, from the history; null: it was deleted. */
  private async written({ contentId, to }: SentRecord): Promise<Body | null> {
    const message = await findMessage(this.parts.core.store, { sender: null, id: contentId })
    const rule = message && message.kind !== 'notice' ? messageRules[message.kind] : null
    if (!message || !rule?.written) return null
    const { text, replyTo, files, expiry } = message
    const body = rule.written({
      text,
      replyTo,
      ...(files && { files: files.map(pointerOf) }),
      ...(expiry && { expiry }),
    })
    if (!body || body.type === 'unknown') return null
    if (to !== this.parts.core.account.userId) return body
    const person = this.parts.people.inConversation(message.conversation)
    return person && body.type === 'text' ? { ...body, for: aboutOf(person) } : null
  }

  private stage(changes: TurnChanges, device: number, record: SentRecord, body: Body): void {
    const { id, to, contentId, sentAt, n, m, again } = record
    const times = { ...again, [device]: (again[device] ?? 0) + 1 }
    changes.put('sent', id, { ...record, again: times })
    const entry = { to, contentId, body, sentAt, message: null, again: id, n }
    this.parts.outbox.stage(changes, { ...entry, ...(m !== undefined && { m }) })
  }

  /** Says of each whether it was for the asking device at all. */
  private async stageMissing(
    changes: TurnChanges,
    { userId: to, device }: Asking,
    missing: readonly string[],
  ): Promise<void> {
    const [gone, notSent]: [string[], string[]] = [[], []]
    for (const id of missing) {
      const record = await this.parts.sent.find(id)
      const wasTheirs = record?.to === to && record.devices.includes(device)
      if (wasTheirs) gone.push(id)
      else notSent.push(id)
    }
    if (missing.length === 0) return
    this.parts.outbox.stage(changes, {
      to,
      contentId: crypto.randomUUID(),
      body: {
        type: 'hello',
        ...(gone.length > 0 && { gone }),
        ...(notSent.length > 0 && { not_sent: notSent }),
      },
      sentAt: this.parts.core.now(),
      message: null,
    })
  }
}
