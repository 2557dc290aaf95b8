/**
 * This device's public keys at the relay: one-time prekeys a hundred at a time, KEM prekeys ten, replenished
 * when few remain; the signed prekey and the last-resort KEM prekey renewed weekly, together. Private halves are on disk before their public
 * halves leave; those the relay gives away no more are erased once nothing can still need them.
 */
import { prekeys as prekeyRecords, signedPrekeys } from '@/messenger/core/key-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import type { SealedPrekey } from '@/crypto/engine/engine'
import { hasPassed } from '@/platform/clock'
import { RelayError } from '@/wire/errors'
import type { KeysUpload, OwnKeys } from '@/wire/types'
import { delay, reconnectBackoff } from '@/messenger/core/backoff'
import { commitAccount, localIdentity, updateAccount } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import type { StoredKemPrekey, StoredSignedPrekey } from '@/messenger/core/records'
import { KEM_LOW, KemPrekeys, publicHalf } from './kem-prekeys'
import type { SecurityLog } from './security-log'
import { Serial } from '@/messenger/core/serial'
import type { RelayClock } from '@/messenger/core/relay-clock'
import { mayBeErased, nowBetween, retiredSince, retirePrekeys } from './retirement'
import type { Now } from './retirement'
import { ROTATE_AFTER, signedPrekeyId } from './signed-prekey-age'

export const BATCH = 100
const LOW = 20
const PUBLISHED_AT_ONCE = 100
/** Attempts after the first: some fifteen seconds. */
const PATIENCE = 5

/** They change together. */
interface Offer {
  signed: StoredSignedPrekey
  lastResort: StoredKemPrekey
}

export class Prekeys {
  private readonly turns = new Serial()
  private readonly kem: KemPrekeys

  constructor(
    private readonly core: Core,
    private readonly log: SecurityLog,
    private readonly relayClock: RelayClock,
  ) {
    this.kem = new KemPrekeys(core)
  }

  private get now(): Now {
    return nowBetween(this.core.now(), this.relayClock.last)
  }

  /** First keys of this device; afterwards it is active. @throws RelayError `identity_conflict` … */
  async publish(replace: boolean): Promise<void> {
    const identity = localIdentity(this.core)
    this.core.view.progress('keys', { task: 'keys', done: 0, total: BATCH, cancellable: false })
    try {
      const { signed, lastResort } = await this.createSigned()
      const prekeys = await this.create()
      const kemPrekeys = await this.kem.create()
      await this.insist({
        registrationId: identity.registrationId,
        identityKey: identity.publicKey,
        signedPrekey: publicHalf(signed),
        prekeys: publicHalves(prekeys.slice(0, PUBLISHED_AT_ONCE)),
        kemPrekey: publicHalf(lastResort),
        kemPrekeys: kemPrekeys.map(publicHalf),
        replace,
      })
      await this.noteUploaded(prekeys)
      await this.kem.noteUploaded(kemPrekeys, kemPrekeys.length)
      await updateAccount(this.core, { published: true, prekeysAvailable: prekeys.length })
    } finally {
      this.core.view.progress('keys', null)
    }
  }

  /** The identical upload again while the relay does not answer; the person waits meanwhile. */
  private async insist(upload: KeysUpload): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.core.api.publishKeys(upload)
      } catch (error) {
        const passing =
          error instanceof RelayError &&
          (error.code === 'no_answer' || error.code === 'unavailable')
        if (!passing || attempt >= PATIENCE) throw error
        await new Promise((done) => setTimeout(done, delay(reconnectBackoff, attempt)))
      }
    }
  }

  /**
   * Checks and replenishes the keys, at each connection and at the relay's `prekeys.low`. It asks the relay for
   * its stock each time, so that two triggers at once do not upload twice. Returns the relay's answer.
   */
  maintainPrekeys(): Promise<OwnKeys> {
    return this.turns.run(async () => {
      const own = await this.core.api.ownKeys()
      await updateAccount(this.core, { prekeysAvailable: own.available })
      if (own.available < LOW) await this.upload()
      await this.maintainSigned(own)
      await this.maintainKem(own)
      await this.eraseRetired()
      return own
    })
  }

  private async maintainSigned(own: OwnKeys): Promise<void> {
    const { signedPrekey, kem } = this.core.account
    if (!signedPrekey || hasPassed(ROTATE_AFTER, signedPrekey.createdAt, this.core.now())) {
      return this.rotate()
    }
    // Else: an upload that never arrived, a relay that went back to an old one, or a profile of a build
    // without KEM prekeys.
    const known = own.kem === null || own.kem.lastResort === kem?.lastResort
    if (own.signed_prekey_id !== signedPrekey.id || !known) {
      // Until now it was given away alone.
      const alone = own.kem?.lastResort === null && !kem?.published
      await this.restate(signedPrekey.id, alone)
    }
  }

  /** Nothing of a relay that knows no KEM prekeys. */
  private async maintainKem({ kem: atRelay }: OwnKeys): Promise<void> {
    const { kem } = this.core.account
    if (!kem) return
    const published = atRelay !== null
    const available = atRelay && atRelay.available
    if (kem.published !== published || kem.available !== available) {
      await updateAccount(this.core, { kem: { ...kem, published, available } })
    }
    if (available === null || available >= KEM_LOW) return
    const made = await this.kem.create()
    await this.kem.noteUploaded(made, await this.core.api.addKemPrekeys(made.map(publicHalf)))
  }

  private async upload(): Promise<void> {
    const prekeys = await this.create()
    const available = await this.core.api.addPrekeys(publicHalves(prekeys))
    await this.noteUploaded(prekeys)
    await updateAccount(this.core, { prekeysAvailable: available })
  }

  private async rotate(): Promise<void> {
    await this.offer(await this.createSigned())
    await this.log.add('signed_prekey_rotated', {})
  }

  private async restate(id: number, alone: boolean): Promise<void> {
    const signed = await this.core.store.getSpare(signedPrekeys, id)
    if (!signed) return this.rotate()
    const lastResort = (await this.kem.lastResort()) ?? (await this.createLastResort())
    const { kem } = this.core.account
    if (alone && kem) await updateAccount(this.core, { kem: { ...kem, signedBefore: id } })
    await this.offer({ signed, lastResort })
  }

  private offer({ signed, lastResort }: Offer): Promise<void> {
    return this.core.api.setSignedPrekey(publicHalf(signed), publicHalf(lastResort))
  }

  private createLastResort(): Promise<StoredKemPrekey> {
    return this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      const [lastResort, kem] = await this.kem.stageLastResort(changes, this.now)
      await commitAccount(this.core, { kem }, changes)
      return lastResort
    })
  }

  private create(): Promise<SealedPrekey[]> {
    return this.core.serial.run(async (turn) => {
      const first = this.core.account.nextPrekeyId
      const prekeys = await this.core.engine.createPrekeys(first, BATCH)
      const changes = new TurnChanges(turn)
      for (const prekey of prekeys) {
        changes.write(prekeyRecords, prekey.id, { ...prekey, uploaded: false })
      }
      await commitAccount(this.core, { nextPrekeyId: first + BATCH }, changes)
      return prekeys
    })
  }

  private createSigned(): Promise<Offer> {
    return this.core.serial.run((turn) => this.commitSigned(turn))
  }

  private async commitSigned(turn: Turn): Promise<Offer> {
    const now = this.core.now()
    const id = signedPrekeyId(now, this.core.account.signedPrekey?.id ?? 0)
    const pair = await this.core.engine.createSignedPrekey(localIdentity(this.core), id)
    const signed: StoredSignedPrekey = { ...pair, createdAt: now, retiredAt: null }
    const changes = new TurnChanges(turn)
    changes.write(signedPrekeys, id, signed)
    const retiredAt = retiredSince(null, this.now)
    for (const old of await this.core.store.all(signedPrekeys)) {
      if (old.retiredAt === null) changes.write(signedPrekeys, old.id, { ...old, retiredAt })
    }
    const [lastResort, made] = await this.kem.stageLastResort(changes, this.now)
    const { signedPrekey, kem: noted } = this.core.account
    const alone = signedPrekey !== null && !noted?.published
    const kem = alone ? { ...made, signedBefore: signedPrekey.id } : made
    await commitAccount(this.core, { signedPrekey: { id, createdAt: now }, kem }, changes)
    return { signed, lastResort }
  }

  /** Those that were used meanwhile stay erased. */
  private noteUploaded(prekeys: readonly SealedPrekey[]): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const held = new Set(await this.core.store.keys('prekeys'))
      const changes = new TurnChanges(turn)
      for (const prekey of prekeys) {
        if (held.has(prekey.id))
          changes.write(prekeyRecords, prekey.id, { ...prekey, uploaded: true })
      }
      await this.core.store.commit(changes)
    })
  }

  private eraseRetired(): Promise<void> {
    return this.core.serial.run((turn) => this.commitErasure(turn))
  }

  private async commitErasure(turn: Turn): Promise<void> {
    const changes = new TurnChanges(turn)
    const prekeys = await this.core.store.all(prekeyRecords)
    const available = this.core.account.prekeysAvailable ?? prekeys.length
    const { now } = this
    const { changed, erased } = retirePrekeys(prekeys, available, now)
    await this.kem.stageErasure(changes, now)
    for (const prekey of changed) changes.write(prekeyRecords, prekey.id, prekey)
    for (const id of erased) changes.remove('prekeys', id)
    for (const key of await this.core.store.all(signedPrekeys)) {
      if (key.retiredAt === null) continue
      const retiredAt = retiredSince(key.retiredAt, now)
      if (mayBeErased(retiredAt, now)) changes.remove('signed_prekeys', key.id)
      else if (retiredAt !== key.retiredAt) {
        changes.write(signedPrekeys, key.id, { ...key, retiredAt })
      }
    }
    await this.core.store.commit(changes)
  }
}

const publicHalves = (prekeys: readonly SealedPrekey[]) =>
  prekeys.map(({ id, publicKey }) => ({ id, key: publicKey }))
