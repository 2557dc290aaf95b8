import { onReturn } from '@/platform/returns'
import type { App } from './app'

/** Timers stand still while the device sleeps: whatever is left of this passes after it woke. */
const CHECK_EVERY = 1_000
const SIGNS_OF_USE = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const

/**
 * Locks after the set minutes without use; only where a passphrase is set. A page that comes back
 * too late is locked before the browser draws it, wherever the browser says that it comes back.
 */
export class AutoLock {
  private lastUse = 0
  private endReturns: () => void = () => undefined
  private timer: ReturnType<typeof setInterval> | null = null
  private readonly used = (): void => {
    // After the device slept, what wakes it comes before the timer: it is no use by its owner yet.
    this.check()
    this.lastUse = this.app.elapsed()
  }
  private readonly check = (): void => {
    const { opened, lock } = this.app
    const minutes = opened?.settings.autoLockMinutes ?? 0
    if (!lock.enabled || lock.locked || minutes === 0) return
    if (this.app.elapsed() - this.lastUse < minutes * 60_000) return
    // Taken down by something else in the same moment.
    this.lock().catch(() => undefined)
  }

  constructor(
    private readonly app: App,
    private readonly lock: () => Promise<void>,
  ) {}

  start(): void {
    this.lastUse = this.app.elapsed()
    for (const sign of SIGNS_OF_USE) addEventListener(sign, this.used, { passive: true })
    this.endReturns = onReturn(this.check)
    this.timer = setInterval(this.check, CHECK_EVERY)
  }

  stop(): void {
    for (const sign of SIGNS_OF_USE) removeEventListener(sign, this.used)
    this.endReturns()
    if (this.timer) clearInterval(this.timer)
  }
}
