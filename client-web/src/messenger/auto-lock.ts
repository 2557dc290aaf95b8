import type { App } from './app'

const CHECK_EVERY = 15_000
const SIGNS_OF_USE = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const

/** Locks after the set minutes without use; only where a passphrase is set. */
export class AutoLock {
  private lastUse = 0
  private timer: ReturnType<typeof setInterval> | null = null
  private readonly used = (): void => {
    // After the device slept, what wakes it comes before the timer: it is no use by its owner yet.
    this.check()
    this.lastUse = this.app.now()
  }
  private readonly check = (): void => {
    const minutes = this.app.opened?.settings.autoLockMinutes ?? 0
    if (minutes === 0 || this.app.now() - this.lastUse < minutes * 60_000) return
    // Without a passphrase there is nothing to lock; `lock` says so.
    this.lock().catch(() => undefined)
  }

  constructor(
    private readonly app: App,
    private readonly lock: () => Promise<void>,
  ) {}

  start(): void {
    this.lastUse = this.app.now()
    for (const sign of SIGNS_OF_USE) addEventListener(sign, this.used, { passive: true })
    document.addEventListener('visibilitychange', this.check)
    this.timer = setInterval(this.check, CHECK_EVERY)
  }

  stop(): void {
    for (const sign of SIGNS_OF_USE) removeEventListener(sign, this.used)
    document.removeEventListener('visibilitychange', this.check)
    if (this.timer) clearInterval(this.timer)
  }
}
