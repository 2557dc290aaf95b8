/**
 * The device that this one lets in. From the moment its history is read until the relay lists its keys, contents to
 * one's own devices wait, so that it misses none of them.
 */
import { hasPassed } from '@/platform/clock'
import type { Core } from '@/messenger/core/core'
import { linkedDevice } from '@/messenger/core/history-marks'
import { LINKED } from '@/messenger/core/record-names'
import type { LinkedDeviceRecord } from '@/messenger/core/history-marks'
import type { DeviceRef } from '@/messenger/core/records'
import { TurnChanges } from '@/messenger/core/serial'

/** A device without keys after this time is waited for no longer, ms. */
const EXPECTED_FOR = 600_000

export class LinkedDevice {
  private record: LinkedDeviceRecord | null = null
  /** Called after the commit once its keys are listed. */
  listed: () => void = () => undefined

  constructor(private readonly core: Core) {}

  async load(): Promise<void> {
    this.record = await this.core.store.getSpare(linkedDevice, LINKED)
  }

  /** Its keys may still come. */
  get isExpected(): boolean {
    const { record, core } = this
    return record?.device === null && !hasPassed(EXPECTED_FOR, record.at, core.now())
  }

  /** Null unless its keys are listed and it has not been told yet what it missed. */
  get owed(): { device: number; since: number } | null {
    const { device = null, since = 0 } = this.record ?? {}
    return device === null ? null : { device, since }
  }

  /** `known`: the account's other devices. */
  begin(known: readonly DeviceRef[]): Promise<void> {
    const at = this.core.now()
    // One that was let in before may not have been told yet.
    const since = Math.min(at, this.owed?.since ?? at)
    const numbers = known.map(({ deviceId }) => deviceId)
    return this.commit((changes) =>
      this.stage(changes, { at, since, known: numbers, device: null }),
    )
  }

  /** Its history is not complete: it misses everything. */
  nothingGiven(): Promise<void> {
    const { record } = this
    if (!record) return Promise.resolve()
    return this.commit((changes) => this.stage(changes, { ...record, since: 0 }))
  }

  /** It does not come. */
  end(): Promise<void> {
    return this.commit((changes) => this.stageEnd(changes))
  }

  stageEnd(changes: TurnChanges): void {
    changes.remove('records', LINKED).whenStored(() => (this.record = null))
  }

  /** The account's other devices, as the relay lists them now. */
  stageListed(changes: TurnChanges, others: readonly DeviceRef[]): void {
    const { record } = this
    if (record?.device !== null) return
    const fresh = others.find(({ deviceId }) => !record.known.includes(deviceId))
    if (!fresh) return
    this.stage(changes, { ...record, device: fresh.deviceId })
    changes.whenStored(() => this.listed())
  }

  private stage(changes: TurnChanges, record: LinkedDeviceRecord): void {
    changes.write(linkedDevice, LINKED, record).whenStored(() => (this.record = record))
  }

  private commit(stage: (changes: TurnChanges) => void): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      stage(changes)
      await this.core.store.commit(changes)
    })
  }
}
