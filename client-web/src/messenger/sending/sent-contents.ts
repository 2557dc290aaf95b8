/**
 * What this device sent, for as long as a recipient may ask for it again. Of a message only what names it is kept
 * here; its content is made again from the history, so that a deleted message is sent to nobody.
 */
import { identityText } from '@/crypto/contact/contact-code'
import { hasPassed } from '@/platform/clock'
import { isMessage, typeOf } from '@/messenger/contents/registry'
import type { Core } from '@/messenger/core/core'
import type { OutboxRecord } from '@/messenger/core/records'
import type { SentRecord } from '@/messenger/core/content-records'
import { TurnChanges } from '@/messenger/core/serial'
import { sentContents } from '@/messenger/core/content-records'
import type { Target } from '@/messenger/keys/targets'

export const ASKED_FOR_WITHIN = 30 * 86_400_000
const PRUNED_EVERY = 86_400_000

export class SentContents {
  /** By `Core.now`. */
  private prunedAt = -Infinity

  constructor(private readonly core: Core) {}

  /** The relay took the entry at `at`. What was sent again may get lost again, and counts on. */
  async stage(
    changes: TurnChanges,
    entry: OutboxRecord,
    target: Target | null,
    at: number,
  ): Promise<void> {
    const { id, to, contentId, body, sentAt, n, m, envelopes } = entry
    if (!target || n === null || typeOf(body).sentAgain === false) return
    const before = entry.again === undefined ? null : await this.find(entry.again)
    const record: SentRecord = {
      id,
      to,
      identity: identityText(target.identity),
      devices: (envelopes ?? []).map((one) => one.device_id),
      contentId,
      body: isMessage(body) ? null : body,
      sentAt,
      n,
      ...(m !== undefined && { m }),
      at: before?.at ?? at,
      again: before?.again ?? {},
    }
    changes.put('sent', id, record)
  }

  /** Null also for one that is too old. */
  async find(id: string): Promise<SentRecord | null> {
    const record = await this.core.store.getSpare(sentContents, id)
    return record && !this.isOld(record) ? record : null
  }

  /** Erases those that are too old, once a day. */
  async prune(): Promise<void> {
    const now = this.core.now()
    if (now - this.prunedAt < PRUNED_EVERY) return
    this.prunedAt = now
    const old: string[] = []
    for (const id of await this.core.store.keys('sent')) {
      const record = await this.core.store.getSpare(sentContents, id)
      if (!record || this.isOld(record)) old.push(id)
    }
    if (old.length === 0) return
    await this.core.serial.run((turn) => {
      const changes = new TurnChanges(turn)
      for (const id of old) changes.remove('sent', id)
      return this.core.store.commit(changes)
    })
  }

  private isOld({ at }: SentRecord): boolean {
    return hasPassed(ASKED_FOR_WITHIN, at, this.core.now())
  }
}
