/** Requests of devices that could not read what this one sent them. What answers them is fetched with the first. */
import { fetched, PartMissing } from '@/platform/late-parts'
import { storeWaits } from '@/storage/errors'
import type { Asking, Resending, ResendParts } from './resending'
import type { SessionRenewal } from './session-renewal'

export class Resends {
  private resending: Promise<Resending> | null = null
  private stopped = false

  constructor(
    private readonly parts: ResendParts,
    private readonly renewal: SessionRenewal,
  ) {}

  /** In the background. What is lost with this process is asked for again in an hour. */
  answer(asking: Asking): void {
    const { asked } = asking
    const { deviceId } = this.parts.core.account
    if (this.stopped || (asked !== undefined && asked !== deviceId)) return
    this.resend(asking).catch((error: unknown) => {
      const expected = this.stopped || storeWaits(error) || error instanceof PartMissing
      if (!expected) reportError(error)
    })
  }

  stop(): void {
    this.stopped = true
  }

  private async resend(asking: Asking): Promise<void> {
    this.resending ??= fetched(import('./resending')).then(
      ({ Resending: Late }) => new Late(this.parts, this.renewal),
    )
    this.resending.catch(() => (this.resending = null))
    const resending = await this.resending
    if (!this.stopped) await resending.resend(asking)
  }
}
