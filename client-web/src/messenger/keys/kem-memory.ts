/**
 * Which devices were seen with KEM prekeys, or said that they have some: memory against a downgrade. Of an identity
 * that was seen so, no bundle without a KEM prekey is taken, and with such a device no session of version 3 begins.
 */
import { numberLists } from '@/messenger/core/stored-records'
import type { TurnChanges } from '@/messenger/core/serial'
import type { Core } from '@/messenger/core/core'
import type { People } from '@/messenger/people/people'
import type { UserId } from '@/messenger/contract'

const OWN = 'own_kem_devices'
/** Numbers remembered per identity; the newest. */
const KEPT = 200

export class KemMemory {
  /** One's own other devices. */
  private own: readonly number[] = []

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  async load(): Promise<void> {
    this.own = (await this.core.store.getSpare(numberLists, OWN)) ?? []
  }

  /** Whether any device of this person was, under the key that is pinned. One's own identity always has some. */
  knowsIdentity(userId: UserId): boolean {
    return this.isOwn(userId) ? this.core.account.kem !== undefined : this.of(userId).length > 0
  }

  knowsDevice(userId: UserId, device: number): boolean {
    return this.of(userId).includes(device)
  }

  stage(changes: TurnChanges, userId: UserId, device: number): void {
    const before = this.of(userId, changes)
    if (before.includes(device)) return
    const kemDevices = [...before, device].slice(-KEPT)
    if (this.isOwn(userId)) {
      changes.put('records', OWN, kemDevices).whenStored(() => {
        this.own = kemDevices
      })
      return
    }
    const person = this.people.find(userId, changes)
    if (person) this.people.stage(changes, { ...person, kemDevices })
  }

  private of(userId: UserId, within?: TurnChanges): readonly number[] {
    return this.isOwn(userId) ? this.own : (this.people.find(userId, within)?.kemDevices ?? [])
  }

  private isOwn(userId: UserId): boolean {
    return userId === this.core.account.userId
  }
}
