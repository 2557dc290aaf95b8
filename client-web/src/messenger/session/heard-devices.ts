/**
 * Devices that were heard a short while ago. The relay reports which users are online, not which devices.
 * A sign for a device that is away is never delivered, and leaves a gap in that device's ratchet.
 */
import type { DeviceRef } from '@/messenger/core/records'
import type { UserId } from '@/messenger/contract'

const SHORT = 600_000

export class HeardDevices {
  /** By `Core.elapsed`. */
  private readonly last = new Map<UserId, Map<number, number>>()

  note(userId: UserId, deviceId: number, now: number): void {
    const devices = this.last.get(userId) ?? new Map<number, number>()
    this.last.set(userId, devices.set(deviceId, now))
  }

  /** They are offline, on every device. */
  forget(userId: UserId): void {
    this.last.delete(userId)
  }

  clear(): void {
    this.last.clear()
  }

  /** Of somebody who is online: the only device they have, or those that were heard of. */
  among(userId: UserId, devices: readonly DeviceRef[], now: number): readonly DeviceRef[] {
    if (devices.length === 1) return devices
    const heard = this.last.get(userId)
    return devices.filter(({ deviceId }) => {
      const at = heard?.get(deviceId)
      return at !== undefined && now - at <= SHORT
    })
  }
}
