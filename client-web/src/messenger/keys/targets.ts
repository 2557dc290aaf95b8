import { LinkedDevice } from './linked-device'
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
  /** As the relay listed them last; a list of an earlier connection may be too short. */
  own: DeviceRef[] = []
  readonly linked: LinkedDevice
  /** The relay listed one's own devices in this connection. */
  private listed = false

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {
    this.linked = new LinkedDevice(core)
  }

  async load(): Promise<void> {
    this.own = (await this.core.store.getSpare(deviceLists, 'own_devices')) ?? []
    await this.linked.load()
  }

  /** No other device of the account has to be told anything. */
  get alone(): boolean {
    return this.listed && this.own.length === 0 && !this.linked.isExpected
  }

  /** Nobody knows yet which devices a content to oneself goes to. */
  get ownUnknown(): boolean {
    return this.linked.isExpected || (!this.listed && this.own.length === 0)
  }

  /** Devices may join while nothing is heard of them. */
  disconnected(): void {
    this.listed = false
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
        this.listed = true
      })
      this.linked.stageListed(changes, others)
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
