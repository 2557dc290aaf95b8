/**
 * After a restore: a new session with each contact, so that the first message carries no surprise.
 * The first `AT_ONCE` contacts get theirs at once, the others one every ten minutes, and none while an own
 * message waits: the relay limits keys per hour, and the person's own messages take precedence.
 */
import { textLists } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Core } from '@/messenger/core/core'
import type { Chats } from '@/messenger/chats/chats'
import type { Outbox } from './outbox'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'

const RECORD = 'greetings'
const AT_ONCE = 3
const APART = 600_000

export class Greetings {
  private left: readonly UserId[] = []
  private timer: ReturnType<typeof setTimeout> | null = null
  private stopped = false

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly outbox: Outbox,
  ) {}

  async load(): Promise<void> {
    this.left = (await this.core.store.getSpare(textLists, RECORD)) ?? []
    this.schedule()
  }

  /** Everyone, those of the newest conversations first. */
  async begin(): Promise<void> {
    const active = (id: UserId): number => this.chats.record(conversationWith(id)).activeAt
    const everyone = this.people
      .accepted()
      .map(({ userId }) => userId)
      .sort((a, b) => active(b) - active(a))
    await this.greet(everyone, AT_ONCE)
  }

  stop(): void {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
  }

  private schedule(): void {
    if (this.left.length === 0 || this.timer || this.stopped) return
    this.timer = setTimeout(() => {
      this.timer = null
      // A failure to store (full, locked, fenced) is retried at the next turn.
      void this.next()
        .catch(() => undefined)
        .finally(() => this.schedule())
    }, APART)
  }

  private async next(): Promise<void> {
    if (this.core.socket && this.outbox.entries.all.length === 0) await this.greet(this.left, 1)
  }

  /** The first `count` of them who have no session yet; the rest is kept for later. */
  private greet(ids: readonly UserId[], count: number): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const open = ids.filter((id) => {
        const person = this.people.all.get(id)
        return person && mayWriteTo(person) && person.devices === null
      })
      const [now, left] = [open.slice(0, count), open.slice(count)]
      const changes = new TurnChanges(turn).put('records', RECORD, left)
      changes.whenStored(() => {
        this.left = left
      })
      for (const to of now) {
        this.outbox.stage(changes, {
          to,
          contentId: crypto.randomUUID(),
          body: { type: 'hello' },
          sentAt: this.core.now(),
          message: null,
        })
      }
      await this.core.store.commit(changes)
      this.schedule()
    })
  }
}
