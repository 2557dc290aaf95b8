/**
 * When a contact's messages cannot be read, a fresh session is started and announced with `hello`:
 * at most once an hour per device, visible in the conversation.
 */
import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import { hasPassed } from '@/platform/clock'
import { Changes } from '@/storage/changes'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import { counterKey, readCounter } from './counters'
import type { KeyWatch } from '@/messenger/keys/key-watch'
import type { Outbox } from '@/messenger/sending/outbox'
import type { SecurityLog } from '@/messenger/keys/security-log'
import { sessionKey } from '@/messenger/core/counter-table'
import { KeyChanged } from '@/messenger/keys/sessions'
import type { Sessions } from '@/messenger/keys/sessions'
import type { Targets } from '@/messenger/keys/targets'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'

const APART = 3_600_000

export class SessionRenewal {
  private readonly running = new Set<string>()
  constructor(
    private readonly core: Core,
    private readonly sessions: Sessions,
    private readonly targets: Targets,
    private readonly chats: Chats,
    private readonly log: SecurityLog,
    private readonly keys: KeyWatch,
    private readonly outbox: Outbox,
  ) {}

  /** Starts in the background; does nothing when it was tried within the hour. */
  request(userId: UserId, deviceId: number): void {
    const key = sessionKey(userId, deviceId)
    if (this.running.has(key)) return
    this.running.add(key)
    void this.renew(userId, deviceId)
      // Not reachable now: the next message that cannot be read asks again.
      .catch(() => undefined)
      .finally(() => this.running.delete(key))
  }

  /** False within the hour after the last one. The inbox counts in the same record. */
  private stamp(userId: UserId, deviceId: number): Promise<boolean> {
    const { store, serial } = this.core
    return serial.run(async () => {
      const counter = await readCounter(store, userId, deviceId)
      if (!hasPassed(APART, counter.renewedAt, this.core.now())) return false
      // The new session begins with the whole budget: what failed, failed for the old one.
      const stamped = { ...counter, renewedAt: this.core.now(), failures: [] }
      await store.commit(new Changes().put('counters', counterKey(userId, deviceId), stamped))
      return true
    })
  }

  private async renew(userId: UserId, deviceId: number): Promise<void> {
    const target = this.targets.get(userId)
    if (!target || !(await this.stamp(userId, deviceId))) return
    try {
      const devices = await this.sessions.start(target, [deviceId], true)
      // A number that is no device of theirs: somebody made it up.
      if (!devices.some((device) => device.deviceId === deviceId)) return
    } catch (error) {
      if (error instanceof KeyChanged) await this.keys.seen(userId, error.identity)
      else throw error
      return
    }
    await this.core.serial.run((turn) => this.announce(turn, userId, deviceId))
  }

  private async announce(turn: Turn, userId: UserId, deviceId: number): Promise<void> {
    const changes = new TurnChanges(turn)
    this.outbox.stage(changes, {
      to: userId,
      contentId: crypto.randomUUID(),
      body: { type: 'hello' },
      sentAt: this.core.now(),
      message: null,
    })
    this.log.stage(changes, 'session_renewed', { userId, device: deviceId })
    this.chats.stageNotice(changes, conversationWith(userId), { type: 'session_renewed' })
    await this.core.store.commit(changes)
  }
}
