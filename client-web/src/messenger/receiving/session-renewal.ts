/**
 * Begins a new session with a device whose messages cannot be read here, or which cannot read ours: at most once an
 * hour per device. The next content that is sent to it announces the session.
 */
import { hasPassed } from '@/platform/clock'
import { Changes } from '@/storage/changes'
import { RelayError } from '@/wire/errors'
import type { Core } from '@/messenger/core/core'
import { counterKey, readCounter } from './counters'
import type { KeyWatch } from '@/messenger/keys/key-watch'
import { KeyChanged } from '@/messenger/keys/sessions'
import type { Sessions } from '@/messenger/keys/sessions'
import type { Targets } from '@/messenger/keys/targets'
import type { UserId } from '@/messenger/contract'

const APART = 3_600_000

export type Renewal =
  | 'renewed'
  /** Within the hour after the last one: that session is used. */
  | 'recent'
  /** There is no such device. */
  | 'no_device'
  /** Not reachable now, or under another key: nothing was done. */
  | 'not_now'

export class SessionRenewal {
  constructor(
    private readonly core: Core,
    private readonly sessions: Sessions,
    private readonly targets: Targets,
    private readonly keys: KeyWatch,
  ) {}

  async renew(userId: UserId, deviceId: number): Promise<Renewal> {
    const target = this.targets.get(userId)
    if (!target || !this.core.socket) return 'not_now'
    if (!(await this.stamp(userId, deviceId))) return 'recent'
    try {
      const devices = await this.sessions.start(target, [deviceId], true)
      // A number that is no device of theirs: somebody made it up, or it is gone.
      return devices.some((device) => device.deviceId === deviceId) ? 'renewed' : 'no_device'
    } catch (error) {
      if (error instanceof KeyChanged) await this.keys.seen(userId, error.identity)
      else if (!(error instanceof RelayError)) throw error
      else if (error.code === 'no_answer' || error.code === 'unavailable')
        await this.unstamp(userId, deviceId)
      return 'not_now'
    }
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

  /** It did not come to an attempt. */
  private unstamp(userId: UserId, deviceId: number): Promise<void> {
    const { store, serial } = this.core
    return serial.run(async () => {
      const counter = { ...(await readCounter(store, userId, deviceId)), renewedAt: 0 }
      await store.commit(new Changes().put('counters', counterKey(userId, deviceId), counter))
    })
  }
}
