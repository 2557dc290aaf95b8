/**
 * Signal sessions with remote devices. One job at a time touches ratchet state (`serial`): a
 * session is read, used and stored before the next one looks at it, so no message key is ever
 * used twice. Network calls stay outside of the lock.
 */
import { sessions } from '@/messenger/core/key-records'
import { counts } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import { CryptoError, isOwnFault } from '@/crypto/errors'
import { fingerprint } from '@/crypto/contact/contact-code'
import { clocksAgree } from '@/platform/clock'
import type { Sealed } from '@/crypto/engine/engine'
import type { Version } from '@/crypto/protocol/version'
import { Answer } from '@/wire/check'
import { RelayError } from '@/wire/errors'
import type { BundleAnswer, BundleDevice, OutgoingEnvelope } from '@/wire/types'
import { readCount, sessionKey } from '@/messenger/core/counter-table'
import { encodeContent } from '@/messenger/contents/codec'
import type { Content } from '@/messenger/contents/registry'
import { localDevice } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import type { DeviceWatch } from './device-watch'
import type { KemMemory } from './kem-memory'
import type { DeviceRef } from '@/messenger/core/records'
import type { Serial } from '@/messenger/core/serial'
import type { UserId } from '@/messenger/contract'
import { signedPrekeyAge, STALE_AFTER } from './signed-prekey-age'
import type { Target, Targets } from './targets'

/** The server shows another key than the pinned one: nothing may be sent. */
export class KeyChanged extends Error {
  override readonly name = 'KeyChanged'
  constructor(readonly identity: Uint8Array<ArrayBuffer>) {
    super('the identity key changed')
  }
}

/** A device has no usable session; fetch its bundle and try again. */
export class SessionsMissing extends Error {
  override readonly name = 'SessionsMissing'
  constructor(readonly devices: number[]) {
    super('sessions are missing')
  }
}

/** A session that nobody answers so long is begun anew: its keys may have been stolen or lost. */
const UNANSWERED_FOR = 30 * 86_400_000

const startedKey = (userId: UserId, deviceId: number): string =>
  `started/${sessionKey(userId, deviceId)}`

export class Sessions {
  readonly serial: Serial

  constructor(
    private readonly core: Core,
    private readonly targets: Targets,
    private readonly watch: DeviceWatch,
    private readonly memory: KemMemory,
  ) {
    this.serial = core.serial
  }

  /** Null also for a damaged record: a new session takes its place. */
  get(userId: UserId, deviceId: number): Promise<Sealed | null> {
    return this.core.store.getSpare(sessions, sessionKey(userId, deviceId))
  }

  /**
   * Fetches bundles (of all devices, or of some) and starts a session with each device that has
   * none, or with each of `renew`; also beside one of version 3, where there is a KEM prekey. Devices
   * whose keys are not signed by the pinned identity are left out and shown, and those that come without a
   * KEM prekey under an identity that has had some. @throws RelayError, KeyChanged
   */
  async start(target: Target, some?: number[], renew = false): Promise<DeviceRef[]> {
    const bundle = await this.fetch(target, some)
    if (!equal(bundle.identityKey, target.identity) || bundle.userId !== target.userId) {
      throw new KeyChanged(bundle.identityKey)
    }
    const mine = this.core.account
    // Each device once, also if the relay lists it twice.
    const devices = new Map(bundle.devices.map((device) => [device.deviceId, device]))
    if (target.userId === mine.userId) devices.delete(mine.deviceId)
    return this.serial.run(async (turn) => {
      const [changes, good] = [new TurnChanges(turn), [] as DeviceRef[]]
      // As it was before this answer.
      const knownKem = this.memory.knowsIdentity(target.userId)
      for (const device of devices.values()) {
        const accepted = await this.stageSession(changes, target, device, { renew, knownKem })
        if (accepted)
          good.push({ deviceId: device.deviceId, registrationId: device.registrationId })
      }
      const kept = (target.devices ?? []).filter(
        ({ deviceId }) => some && !some.includes(deviceId) && !has(good, deviceId),
      )
      const all = [...kept, ...good].sort((a, b) => a.deviceId - b.deviceId)
      this.targets.stageDevices(changes, target.userId, all)
      await this.core.store.commit(changes)
      return all
    })
  }

  /**
   * One ciphertext per device, the new ratchet states staged in `changes`.
   * @throws SessionsMissing
   */
  async encrypt(
    changes: TurnChanges,
    target: Target,
    devices: DeviceRef[],
    content: Content,
  ): Promise<OutgoingEnvelope[]> {
    const { userId, identity: pinned } = target
    const recipients = await Promise.all(
      devices.map(async ({ deviceId, registrationId }) => {
        const session = await this.get(userId, deviceId)
        return { remote: { userId, deviceId }, session, registrationId, pinned }
      }),
    )
    const encrypted = await this.core.engine.encrypt({
      local: localDevice(this.core),
      plaintext: encodeContent(content),
      recipients,
      now: this.core.now(),
    })
    const envelopes: OutgoingEnvelope[] = []
    const missing: number[] = []
    for (const [i, { remote, registrationId }] of recipients.entries()) {
      const { deviceId } = remote
      const one = encrypted[i] ?? null
      if (!one || (one.kind === 'prekey' && (await this.outdated(changes, userId, deviceId)))) {
        missing.push(deviceId)
        continue
      }
      const { session, kind, body } = one
      changes.write(sessions, sessionKey(userId, deviceId), session)
      envelopes.push({ device_id: deviceId, registration_id: registrationId, kind, body })
    }
    if (missing.length > 0) throw new SessionsMissing(missing)
    return envelopes
  }

  /**
   * Of a session that can be written with to this device of theirs, and is answered or young: its version.
   * Null of any other.
   */
  private async usable(
    changes: TurnChanges,
    session: Sealed,
    { userId, identity }: Target,
    { deviceId, registrationId }: BundleDevice,
  ): Promise<Version | null> {
    const state = await this.core.engine.describe({ userId, deviceId }, session)
    const { identityKey } = state
    const fits = identityKey !== null && equal(identityKey, identity)
    if (!fits || state.registrationId !== registrationId) return null
    const young = state.answered || !(await this.outdated(changes, userId, deviceId))
    return young ? state.version : null
  }

  /** Whether a session that nobody answered was begun too long ago. */
  private async outdated(changes: TurnChanges, userId: UserId, deviceId: number): Promise<boolean> {
    const key = startedKey(userId, deviceId)
    const now = this.core.now()
    const started = await readCount(this.core.store, counts, key, null)
    // An older version did not write it down; a clock that was ahead wrote a time that is not over yet.
    if (started === null || started > now) changes.put('counters', key, now)
    return started !== null && now - started >= UNANSWERED_FOR
  }

  private async fetch(target: Target, some?: number[]): Promise<BundleAnswer> {
    try {
      return await this.core.api.bundle(target.username, fingerprint(target.identity), some)
    } catch (error) {
      if (error instanceof RelayError && error.code === 'identity_changed') {
        throw new KeyChanged(readKey(error.details['identity_key']))
      }
      throw error
    }
  }

  /** False for a device that is not this person's. */
  private async stageSession(
    changes: TurnChanges,
    target: Target,
    device: BundleDevice,
    { renew, knownKem }: { renew: boolean; knownKem: boolean },
  ): Promise<boolean> {
    const { userId } = target
    const held = await this.get(userId, device.deviceId)
    const { deviceId } = device
    const usable = renew || !held ? null : await this.usable(changes, held, target, device)
    if (usable !== null && !device.kemPrekey) {
      if (knownKem) await this.watch.stageDowngrade(changes, userId, deviceId)
      return true
    }
    if (usable === 4) return true
    try {
      const session = await this.core.engine.startSession({
        local: localDevice(this.core),
        remote: { userId, deviceId },
        session: held,
        bundle: { ...device, identityKey: target.identity },
        pinned: target.identity,
        now: this.core.now(),
        knownFour: knownKem,
      })
      changes.write(sessions, sessionKey(userId, deviceId), session)
      if (device.kemPrekey) this.memory.stage(changes, userId, deviceId)
      changes.put('counters', startedKey(userId, deviceId), this.core.now())
    } catch (error) {
      // A fault of ours says nothing about the device.
      if (!(error instanceof CryptoError) || isOwnFault(error)) throw error
      if (error.code === 'downgrade') await this.watch.stageDowngrade(changes, userId, deviceId)
      else await this.watch.stageRefused(changes, userId, deviceId)
      // An old session that is usable goes on.
      return usable !== null
    }
    const now = this.core.now()
    const age = signedPrekeyAge(device.signedPrekey.id, now)
    // While the clocks differ no age is known. The interface shows that they do, so that no relay hides old keys so.
    if (age !== null && age > STALE_AFTER && clocksAgree(now, this.core.api.relayTime())) {
      await this.watch.stageStale(changes, userId, device, age)
    }
    return true
  }
}

const has = (devices: DeviceRef[], id: number): boolean =>
  devices.some((device) => device.deviceId === id)

/** From a problem document. @throws RelayError `bad_answer` */
export function readKey(base64: unknown): PublicKey {
  return new Answer(base64, '$.identity_key').base64(33)
}
