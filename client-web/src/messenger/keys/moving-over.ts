/**
 * Moves sessions of version 3 to version 4 with devices that have KEM prekeys: a new session begins in the
 * background, and the next message uses it. The old one stays until the other side has answered.
 */
import { hasPassed } from '@/platform/clock'
import { RelayError } from '@/wire/errors'
import type { Core } from '@/messenger/core/core'
import { sessionKey } from '@/messenger/core/counter-table'
import type { UserId } from '@/messenger/contract'
import type { KeyWatch } from './key-watch'
import { KeyChanged } from './sessions'
import type { Sessions } from './sessions'
import type { Targets } from './targets'

/** Between two attempts with one device. */
const APART = 3_600_000

export class MovingOver {
  /** By device: when it was tried last, by `Core.elapsed`. */
  private readonly tried = new Map<string, number>()

  constructor(
    private readonly core: Core,
    private readonly sessions: Sessions,
    private readonly targets: Targets,
    private readonly keys: KeyWatch,
  ) {}

  /** Resolves when it was tried, or need not be. */
  async request(userId: UserId, device: number): Promise<void> {
    const key = sessionKey(userId, device)
    const last = this.tried.get(key)
    if (last !== undefined && !hasPassed(APART, last, this.core.elapsed())) return
    this.tried.set(key, this.core.elapsed())
    const target = this.targets.get(userId)
    if (!target || (await this.isBegun(userId, device))) return
    try {
      await this.sessions.start(target, [device])
    } catch (error) {
      if (error instanceof KeyChanged) await this.keys.seen(userId, error.identity)
      // Not reachable now: the old session serves, and the next message of theirs asks again.
      else if (!(error instanceof RelayError)) throw error
    }
  }

  /** Their message was written before they read ours: another bundle would cost them a one-time prekey. */
  private async isBegun(userId: UserId, deviceId: number): Promise<boolean> {
    const held = await this.sessions.get(userId, deviceId)
    if (!held) return false
    return (await this.core.engine.describe({ userId, deviceId }, held)).version === 4
  }
}
