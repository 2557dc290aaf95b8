/**
 * Messages whose time is over go: first of all at the start, before anything is shown, then whenever the next one is
 * due. What removes them is fetched when there is something to remove.
 */
import { fetched, PartMissing } from '@/platform/late-parts'
import { storeWaits } from '@/storage/errors'
import type { SweepParts } from './expiry-sweep'

const sweeping = () => fetched(import('./expiry-sweep'))

/** The longest wait, ms: the device may have slept, or learnt the right time. */
const LOOK_EVERY = 600_000
/** Until the next attempt where the store takes nothing. */
const RETRY = 30_000

export class Expirations {
  private timer: ReturnType<typeof setTimeout> | null = null
  private running: Promise<void> | null = null
  private stopped = false

  constructor(private readonly parts: SweepParts) {
    parts.deadlines.added = () => this.schedule()
  }

  /** Resolves when nothing is left that is due, or cannot be removed now. */
  sweep(): Promise<void> {
    this.running ??= this.run().finally(() => {
      this.running = null
    })
    return this.running
  }

  stop(): void {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
  }

  private async run(): Promise<void> {
    try {
      while (!this.stopped && this.isNeeded()) {
        await (await sweeping()).sweep(this.parts, () => this.stopped)
      }
      this.schedule()
    } catch (error) {
      if (this.stopped) return
      this.schedule(RETRY)
      if (!(storeWaits(error) || error instanceof PartMissing)) throw error
    }
  }

  private isNeeded(): boolean {
    const { deadlines } = this.parts
    return deadlines.due().length + deadlines.late().length > 0
  }

  private schedule(least = 0): void {
    if (this.timer) clearTimeout(this.timer)
    const { deadlines } = this.parts
    const next = deadlines.next()
    if (this.stopped || next === Infinity) return
    const wait = Math.min(Math.max(next - deadlines.now(), least), LOOK_EVERY)
    this.timer = setTimeout(() => {
      this.sweep().catch((error: unknown) => reportError(error))
    }, wait)
  }
}
