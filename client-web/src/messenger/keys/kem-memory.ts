/**
 * Which devices were seen with KEM prekeys, or said that they have some: memory against a downgrade. Of an identity
 * that was seen so, no bundle without a KEM prekey is taken, and with such a device no session of version 3 begins.
 */
import { kemDevicesByIdentity, numberLists } from '@/messenger/core/stored-records'
import { identityText } from '@/crypto/contact/contact-code'
import type { TurnChanges } from '@/messenger/core/serial'
import type { Core } from '@/messenger/core/core'
import type { People } from '@/messenger/people/people'
import type { UserId } from '@/messenger/contract'

const OWN = 'own_kem_devices'
/** Numbers remembered per identity; the newest. */
const KEPT = 200
const PARTED = 'parted_kem_devices'
/** Removed people who are remembered; the newest. */
const KEPT_PARTED = 500

export class KemMemory {
  /** One's own other devices. */
  private own: readonly number[] = []
  /** Of contacts who were removed, by identity: added again, they are no strangers. */
  private parted: Readonly<Record<string, readonly number[]>> = {}

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  async load(): Promise<void> {
    this.own = (await this.core.store.getSpare(numberLists, OWN)) ?? []
    this.parted = (await this.core.store.getSpare(kemDevicesByIdentity, PARTED)) ?? {}
  }

  /** Whether any device of this person was, under the key that is pinned. Oneself counts once the relay has one's own. */
  knowsIdentity(userId: UserId): boolean {
    const published = this.isOwn(userId) && this.core.account.kem?.published === true
    return published || this.of(userId).length > 0
  }

  knowsDevice(userId: UserId, device: number): boolean {
    return this.of(userId).includes(device)
  }

  stage(changes: TurnChanges, userId: UserId, device: number): void {
    const person = this.people.find(userId, changes)
    const noted = this.isOwn(userId) ? this.own : (person?.kemDevices ?? [])
    if (noted.includes(device)) return
    const before = this.of(userId, changes).filter((one) => one !== device)
    const kemDevices = [...before, device].slice(-KEPT)
    if (this.isOwn(userId)) {
      changes.put('records', OWN, kemDevices).whenStored(() => {
        this.own = kemDevices
      })
      return
    }
    if (person) this.people.stage(changes, { ...person, kemDevices })
  }

  /** Before the contact is removed. */
  stageParting(changes: TurnChanges, userId: UserId): void {
    const person = this.people.find(userId, changes)
    const devices = this.of(userId, changes)
    if (!person || devices.length === 0) return
    const { [identityText(person.identity)]: _, ...others } = this.parted
    const kept = Object.entries(others).slice(1 - KEPT_PARTED)
    const parted = { ...Object.fromEntries(kept), [identityText(person.identity)]: devices }
    changes.put('records', PARTED, parted).whenStored(() => {
      this.parted = parted
    })
  }

  private of(userId: UserId, within?: TurnChanges): readonly number[] {
    if (this.isOwn(userId)) return this.own
    const person = this.people.find(userId, within)
    if (!person) return []
    const { kemDevices = [], identity } = person
    return kemDevices.length > 0 ? kemDevices : (this.parted[identityText(identity)] ?? [])
  }

  private isOwn(userId: UserId): boolean {
    return userId === this.core.account.userId
  }
}
