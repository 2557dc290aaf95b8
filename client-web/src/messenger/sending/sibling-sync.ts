/**
 * Changes of a conversation that one's own other devices need in order to show the same. Of two changes
 * of one kind the later wins, by time and then by device (`takes`).
 */
import { CachedTable } from '@/messenger/core/cached-table'
import type { Core } from '@/messenger/core/core'
import type { SyncedRecord } from '@/messenger/core/records'
import type { TurnChanges } from '@/messenger/core/serial'
import { synced } from '@/messenger/core/stored-records'
import type { Change } from '@/messenger/contents/sync/sync'
import type { Targets } from '@/messenger/keys/targets'
import type { UserId } from '@/messenger/contract'
import { aboutOf } from '@/messenger/contents/about'
import { isLater, thingOf } from './latest-change'
import type { Latest } from './latest-change'
import { Marks } from './marks'
import type { Outbox } from './outbox'

/** In one content; some twenty kilobytes. */
const MOST_IDS = 500
const PREFIX = 'synced/'

export class SiblingSync {
  private readonly records = new CachedTable<UserId, SyncedRecord>(synced, PREFIX)
  readonly marks: Marks

  constructor(
    private readonly core: Core,
    private readonly targets: Targets,
    private readonly outbox: Outbox,
  ) {
    this.marks = new Marks(core)
  }

  async load(): Promise<void> {
    await this.records.loadSpare(this.core.store, ({ userId }) => userId)
    await this.marks.load()
  }

  all(): SyncedRecord[] {
    return [...this.records.all.values()]
  }

  /** No other device of the account has to be told anything. */
  get alone(): boolean {
    return this.targets.alone
  }

  /** Adds to `changes` that this was changed now, later than `after`, and the telling of it. Returns when it was. */
  stage(
    changes: TurnChanges,
    person: Parameters<typeof aboutOf>[0],
    change: Change,
    after = 0,
  ): number {
    const { userId } = person
    const { deviceId } = this.core.account
    const thing = thingOf(change)
    const before = thing === null ? undefined : this.latest(changes, userId, thing)
    // Also with a clock that was set back, or is behind the other device's.
    const sentAt = Math.max(this.core.now(), (before?.[0] ?? after) + 1)
    if (thing !== null) this.note(changes, userId, thing, [sentAt, deviceId])
    if (this.alone) return sentAt
    for (const part of inParts(change)) {
      this.outbox.stage(changes, {
        to: this.core.account.userId,
        contentId: crypto.randomUUID(),
        body: { type: 'sync', for: aboutOf(person), silent: true, ...part },
        sentAt,
        message: null,
      })
    }
    return sentAt
  }

  /** Whether another device's change is later than what is known; then it is noted. */
  takes(changes: TurnChanges, userId: UserId, change: Change, latest: Latest): boolean {
    const thing = thingOf(change)
    if (thing === null) return true
    const later = isLater(latest, this.latest(changes, userId, thing))
    if (later) this.note(changes, userId, thing, latest)
    return later
  }

  private latest(changes: TurnChanges, userId: UserId, thing: string): Latest | undefined {
    return this.records.get(userId, changes)?.latest[thing]
  }

  private note(changes: TurnChanges, userId: UserId, thing: string, at: Latest): void {
    const latest = { ...this.records.get(userId, changes)?.latest, [thing]: at }
    this.records.stage(changes, userId, { userId, latest })
  }
}

function inParts(change: Change): Change[] {
  if (!('ids' in change) || change.ids.length <= MOST_IDS) return [change]
  const count = Math.ceil(change.ids.length / MOST_IDS)
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part * MOST_IDS, (part + 1) * MOST_IDS]
    const ids = change.ids.slice(from, to)
    if (!('mine' in change) || !change.mine) return { ...change, ids }
    return { ...change, ids, mine: change.mine.slice(from, to) }
  })
}
