import { deviceLists } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { PublicKey } from '@/crypto/protocol/protocol'
import { localIdentity } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import type { People } from '@/messenger/people/people'
import type { DeviceRef } from '@/messenger/core/records'
import type { UserId } from '@/messenger/contract'

/** Someone messages go to: a contact, or one's own other devices. */
export interface Target {
  userId: UserId
  username: string
  identity: PublicKey
  /** Of a contact: whether the key was compared. */
  verified?: boolean
  /** Null: not known yet. */
  devices: DeviceRef[] | null
}

/** Whose devices we know, and how that is kept. One's own other devices are a record of their own. */
export class Targets {
  own: DeviceRef[] = []

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  async load(): Promise<void> {
    this.own = (await this.core.store.getSpare(deviceLists, 'own_devices')) ?? []
  }

  get(userId: UserId): Target | null {
    const { account } = this.core
    if (userId === account.userId) {
      const identity = localIdentity(this.core).publicKey
      return { userId, username: account.username, identity, devices: this.own }
    }
    return this.people.all.get(userId) ?? null
  }

  /** Adds the new list to `changes`. */
  stageDevices(changes: TurnChanges, userId: UserId, devices: DeviceRef[]): void {
    if (userId === this.core.account.userId) {
      const others = devices.filter((device) => device.deviceId !== this.core.account.deviceId)
      changes.put('records', 'own_devices', others).whenStored(() => {
        this.own = others
      })
      return
    }
    const person = this.people.find(userId, changes)
    if (person) this.people.stage(changes, { ...person, devices })
  }

  async saveDevices(userId: UserId, devices: DeviceRef[]): Promise<void> {
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      this.stageDevices(changes, userId, devices)
      await this.core.store.commit(changes)
    })
  }
}
