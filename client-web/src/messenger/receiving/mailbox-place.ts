/**
 * This device's place in its mailbox. Numbers belong to the relay's log. A relay that was restored, or
 * whose log was replaced, names another log, offers fewer numbers than it gave out, or offers another
 * envelope under a number that this device has passed. From then on its numbers are accepted as they
 * come, and known envelopes are recognised by sender and id. Runs inside the inbox's queue, one at a time.
 */
import { findMessage } from '@/messenger/core/kept-messages'
import { numberLists, numbers, relayLogs } from '@/messenger/core/stored-records'
import type { LogRecord } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { IncomingEnvelope } from '@/wire/types'
import type { Core } from '@/messenger/core/core'
import type { RelayClock } from '@/messenger/core/relay-clock'
import type { SecurityLog } from '@/messenger/keys/security-log'

/**
 * Marks kept of the newest envelopes; texts are also known by the message itself. A relay offers at
 * most 256 envelopes again that this device has acknowledged.
 */
const MARKS = 512

export class MailboxPlace {
  private cursor = 0
  private log: LogRecord | null = null
  private marks: number[] = []

  constructor(
    private readonly core: Core,
    private readonly security: SecurityLog,
    private readonly relayClock: RelayClock,
  ) {}

  async load(): Promise<void> {
    const { store } = this.core
    // Without it some envelopes come again, and are known by their ratchet.
    this.cursor = (await store.getSpare(numbers, 'cursor')) ?? 0
    this.log = await store.getSpare(relayLogs, 'log')
    this.marks = (await store.getSpare(numberLists, 'marks')) ?? []
  }

  get upto(): number {
    return this.cursor
  }

  /** Adds the new place to `changes`. */
  stage(changes: TurnChanges, seq: number, envelope: IncomingEnvelope | null = null): void {
    const marks = envelope ? this.withMark(envelope) : this.marks
    changes.put('records', 'cursor', seq)
    if (envelope) {
      changes.put('records', 'marks', marks)
      this.relayClock.stage(changes, envelope.at)
    }
    changes.whenStored(() => {
      this.cursor = seq
      this.marks = marks
    })
  }

  /** The relay named its log: another than before starts the numbers anew. */
  async met(id: string): Promise<void> {
    if (this.log?.id === id) return
    if (!this.log?.id) return this.note({ id, before: this.log?.before ?? 0 }, this.cursor, false)
    await this.note({ id, before: this.furthest() }, 0, true)
  }

  /** All that waits was sent. False if that is less than this device has seen: the numbers start anew. */
  async reached(head: number): Promise<boolean> {
    if (head >= this.cursor) return true
    await this.startAnew()
    return false
  }

  /** Under the same log, or one that was never named. */
  private startAnew(): Promise<void> {
    return this.note({ id: this.log?.id ?? null, before: this.furthest() }, 0, true)
  }

  /** An envelope came under a number that was passed. False if it is not here: the numbers start anew. */
  async repeated(envelope: IncomingEnvelope): Promise<boolean> {
    if (await this.holds(envelope)) return true
    await this.startAnew()
    return false
  }

  /** Whether this very envelope is here already, from before the numbers started anew. */
  async knows(envelope: IncomingEnvelope): Promise<boolean> {
    return envelope.seq <= (this.log?.before ?? 0) && (await this.holds(envelope))
  }

  private async holds(envelope: IncomingEnvelope): Promise<boolean> {
    if (this.marks.includes(markOf(envelope))) return true
    const { id, from } = envelope
    return (await findMessage(this.core.store, { sender: from.user_id, id })) !== null
  }

  private furthest(): number {
    return Math.max(this.cursor, this.log?.before ?? 0)
  }

  private note(log: LogRecord, cursor: number, tell: boolean): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
        .put('records', 'log', log)
        .put('records', 'cursor', cursor)
      changes.whenStored(() => {
        this.log = log
        this.cursor = cursor
      })
      if (tell) this.security.stage(changes, 'relay_log_changed', {})
      await this.core.store.commit(changes)
    })
  }

  private withMark(envelope: IncomingEnvelope): number[] {
    return [...this.marks, markOf(envelope)].slice(-MARKS)
  }
}

/** 53 bits of sender and id (cyrb53): a mark only has to tell a few hundred envelopes apart. */
export function markOf({ id, from }: Pick<IncomingEnvelope, 'id' | 'from'>): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57]
  for (const letter of `${from.user_id}.${from.device_id}/${id}`) {
    const code = letter.charCodeAt(0)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}
