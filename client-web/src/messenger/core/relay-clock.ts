/**
 * The relay's clock, as it dated the newest envelope. It bounds this device's own clock, which people,
 * time servers and flat batteries set. It is stored, and stands still while nothing comes; while
 * connected, `RelayApi.relayTime` knows the present time.
 */
import { numbers } from '@/messenger/core/stored-records'
import type { Core } from './core'
import type { TurnChanges } from './serial'

const RECORD = 'relay_time'
/** Differences below are not written. */
const COARSE = 3_600_000

export class RelayClock {
  private read: number | null = null

  constructor(private readonly core: Core) {}

  async load(): Promise<void> {
    this.read = await this.core.store.getSpare(numbers, RECORD)
  }

  /** Adds to `changes` that the relay dated something just now. */
  stage(changes: TurnChanges, at: number): void {
    if (this.read !== null && Math.abs(at - this.read) < COARSE) return
    changes.put('records', RECORD, at).whenStored(() => {
      this.read = at
    })
  }

  /** Null until the first envelope. */
  get last(): number | null {
    return this.read
  }
}
