/**
 * One's own other devices and log-ins. A device that joined is asked about until the person has said
 * that it is theirs, or removed it; each log-in is a line of the security log. The relay is asked at
 * each connection, every quarter of an hour, and when a device that is not known yet writes.
 */
import { deviceLists, ownDevicesSeen } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import { Changes } from '@/storage/changes'
import { RelayError } from '@/wire/errors'
import type { OwnKeys, SessionEntry } from '@/wire/types'
import type { Core } from '@/messenger/core/core'
import type { Outbox } from '@/messenger/sending/outbox'
import type { Prekeys } from '@/messenger/keys/prekeys'
import type { DeviceRef, NewDeviceRecord, OwnDevicesRecord } from '@/messenger/core/records'
import type { SecurityLog } from '@/messenger/keys/security-log'
import type { Targets } from '@/messenger/keys/targets'

const RECORD = 'own_devices_seen'
/** Log-ins written down at once, and remembered. */
const MOST_LOGINS = 20
const KEPT_LOGINS = 1_000
/** Devices asked about at once; numbers remembered. */
const MOST_ASKED = 10
const KEPT_NUMBERS = 1_000

/** Between looks for the keys of a device that was let in, ms. */
const UNTIL_KEYS = [250, 500, 1_000, 2_000, 4_000, 8_000]

const nothing: OwnDevicesRecord = { seen: null, gone: [], asked: [], logins: null, names: {} }

export class OwnDevices {
  private record = nothing
  private looking: Promise<void> | null = null
  private readonly vouched = new Set<number>()

  constructor(
    private readonly core: Core,
    private readonly targets: Targets,
    private readonly prekeys: Prekeys,
    private readonly outbox: Outbox,
    private readonly log: SecurityLog,
  ) {}

  async load(): Promise<void> {
    const { store } = this.core
    const stored = await store.getSpare(ownDevicesSeen, RECORD)
    // Older versions kept the list alone.
    const before = await store.getSpare(deviceLists, 'own_devices')
    const seen = before ? before.map(({ deviceId }) => deviceId) : null
    this.show({ ...nothing, seen, ...stored })
  }

  /** By number. */
  allNames(): Readonly<Record<number, string>> {
    const { account, deviceName } = this.core
    return { ...this.record.names, ...(deviceName && { [account.deviceId]: deviceName }) }
  }

  /** The person let this device in from here: they are not asked about it, and it is told of changes once it has keys. */
  async vouchFor(deviceId: number): Promise<void> {
    this.vouched.add(deviceId)
    await this.confirm(deviceId)
    for (const wait of UNTIL_KEYS) {
      await this.look()
      if (this.targets.own.some((one) => one.deviceId === deviceId)) return
      await new Promise((done) => setTimeout(done, wait))
    }
  }

  /** From now on, contents to one's own devices wait for the keys of a device that this one lets in. */
  expect(): Promise<void> {
    return this.targets.linked.begin(this.targets.own)
  }

  /** The device does not come. */
  async expectNobody(): Promise<void> {
    if (!this.targets.linked.isExpected) return
    await this.targets.linked.end()
    this.outbox.resume(this.core.account.userId)
  }

  nameOf(deviceId: number): string | null {
    return this.record.names[deviceId] ?? null
  }

  /** Looks after this device's keys, and sees which devices and log-ins there are. */
  look(): Promise<void> {
    this.looking ??= this.compare().finally(() => (this.looking = null))
    return this.looking
  }

  /** One of them wrote. `name`: what it calls itself. Call it after the commit. */
  async met(deviceId: number, name: string | null): Promise<void> {
    if (name !== null && name !== this.nameOf(deviceId)) {
      await this.core.serial.run(() => {
        const named = (one: NewDeviceRecord) => (one.deviceId === deviceId ? { ...one, name } : one)
        const names = { ...this.record.names, [deviceId]: name }
        return this.commit({ ...this.record, names, asked: this.record.asked.map(named) })
      })
    }
    if (!this.targets.own.some((one) => one.deviceId === deviceId)) await this.look()
  }

  /** The person confirmed that this device is theirs. */
  confirm(deviceId: number): Promise<void> {
    return this.core.serial.run(() => {
      const asked = this.record.asked.filter((one) => one.deviceId !== deviceId)
      return this.commit({ ...this.record, asked })
    })
  }

  private async compare(): Promise<void> {
    const own = await this.prekeys.maintainPrekeys()
    const sessions = await this.core.api.sessions().catch((error: unknown) => {
      // The devices are what matters; when they came is said as well as it is known.
      if (error instanceof RelayError) return null
      throw error
    })
    await this.core.serial.run((turn) => this.note(turn, own, sessions))
  }

  private async note(
    turn: Turn,
    own: OwnKeys,
    sessions: readonly SessionEntry[] | null,
  ): Promise<void> {
    const changes = new TurnChanges(turn)
    const others = own.devices
      .filter(({ device_id: id }) => id !== own.device_id)
      .map((one) => ({ deviceId: one.device_id, registrationId: one.registration_id }))
    this.targets.stageDevices(changes, this.core.account.userId, others)
    const { seen } = this.record
    const fresh = seen ? others.filter(({ deviceId }) => !seen.includes(deviceId)) : []
    const record: OwnDevicesRecord = {
      ...this.record,
      seen: [...new Set([...(seen ?? []), ...others.map(({ deviceId }) => deviceId)])].slice(
        -KEPT_NUMBERS,
      ),
      asked: this.asked(others, fresh, sessions),
      gone: this.noteGone(changes, others),
      logins: this.noteLogins(changes, sessions),
    }
    for (const { deviceId: device } of fresh.slice(0, MOST_ASKED)) {
      this.log.stage(changes, 'own_device_added', { device })
    }
    if (seen === null && others.length > 0) this.stageGreeting(changes)
    changes.put('records', RECORD, record).whenStored(() => this.show(record))
    await this.core.store.commit(changes)
    this.outbox.resume(this.core.account.userId)
  }

  /** Those that are still there and not answered for, and the new ones. */
  private asked(
    others: readonly DeviceRef[],
    fresh: readonly DeviceRef[],
    sessions: readonly SessionEntry[] | null,
  ): readonly NewDeviceRecord[] {
    const joined = fresh.map(({ deviceId }) => ({
      deviceId,
      name: this.nameOf(deviceId),
      at: sessions?.find((one) => one.device_id === deviceId)?.created_at ?? this.core.now(),
    }))
    const there = new Set(others.map(({ deviceId }) => deviceId))
    return [...this.record.asked, ...joined]
      .filter(({ deviceId }) => there.has(deviceId) && !this.vouched.has(deviceId))
      .slice(0, MOST_ASKED)
  }

  /** Device numbers are never reused: each removal is logged once, also if the relay lists the device again. */
  private noteGone(changes: TurnChanges, others: readonly DeviceRef[]): number[] {
    const { seen, gone } = this.record
    const there = new Set(others.map(({ deviceId }) => deviceId))
    const left = (seen ?? []).filter((device) => !there.has(device) && !gone.includes(device))
    for (const device of left.slice(0, MOST_ASKED)) {
      this.log.stage(changes, 'own_device_removed', { device })
    }
    return [...gone, ...left].slice(-KEPT_NUMBERS)
  }

  private noteLogins(
    changes: TurnChanges,
    sessions: readonly SessionEntry[] | null,
  ): readonly string[] | null {
    const { logins } = this.record
    if (!sessions) return logins
    // At first, only this device's own: the others were there before.
    const news = sessions.filter((one) => (logins ? !logins.includes(one.session_id) : one.current))
    for (const one of news.slice(0, MOST_LOGINS)) {
      const at = Math.min(one.created_at, this.core.now())
      this.log.stage(changes, 'login', { device: one.device_id, at })
    }
    const ids = sessions.map((one) => one.session_id)
    return [...new Set([...(logins ?? []), ...ids])].slice(-KEPT_LOGINS)
  }

  /** The others learn at once that this device is there, and what it calls itself. */
  private stageGreeting(changes: TurnChanges): void {
    const { deviceName } = this.core
    this.outbox.stage(changes, {
      to: this.core.account.userId,
      contentId: crypto.randomUUID(),
      body: { type: 'hello', ...(deviceName && { device: deviceName }) },
      sentAt: this.core.now(),
      message: null,
    })
  }

  private async commit(record: OwnDevicesRecord): Promise<void> {
    await this.core.store.commit(new Changes().put('records', RECORD, record))
    this.show(record)
  }

  private show(record: OwnDevicesRecord): void {
    this.record = record
    const newDevices = record.asked.map(({ deviceId, name, at }) => ({ deviceId, name, at }))
    this.core.view.app({ newDevices })
  }
}
