/**
 * This device's KEM prekeys (version 4 of the protocol): ten one-time ones at a time, each erased with its first
 * use, and a last resort, which changes with the signed prekey. A session that was begun with a last resort cannot
 * be begun again: its base key is remembered for as long as that last resort is kept.
 */
import { kemPrekeys, usedBaseKeys } from '@/messenger/core/key-records'
import { TurnChanges } from '@/messenger/core/serial'
import { toBase64 } from '@/crypto/bytes'
import type { PublicKey, UsedPrekeys } from '@/crypto/protocol/protocol'
import type { SealedSignedPrekey } from '@/crypto/engine/engine'
import { commitAccount, localIdentity } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import type { KemRecord, StoredKemPrekey } from '@/messenger/core/records'
import type { Store } from '@/storage/store'
import type { SignedKey } from '@/wire/types'
import { mayBeErased, retiredSince, retirePrekeys } from './retirement'
import type { Now } from './retirement'

export const KEM_BATCH = 10
export const KEM_LOW = 5

export interface UsedBaseKey {
  kemPrekeyId: number
  signedPrekeyId: number
  baseKey: PublicKey
}

export class KemPrekeys {
  constructor(private readonly core: Core) {}

  /** One-time ones. There is a last resort already. */
  create(): Promise<StoredKemPrekey[]> {
    return this.core.serial.run(async (turn) => {
      const { kem } = this.core.account
      if (!kem) throw new Error('one-time KEM prekeys need a last resort')
      const changes = new TurnChanges(turn)
      const made = await this.make(kem.nextId, KEM_BATCH, false)
      for (const one of made) changes.put('kem_prekeys', one.id, one)
      await commitAccount(this.core, { kem: { ...kem, nextId: kem.nextId + KEM_BATCH } }, changes)
      return made
    })
  }

  /** A new last resort in place of the present one, and what the account notes of it. */
  async stageLastResort(changes: TurnChanges, now: Now): Promise<[StoredKemPrekey, KemRecord]> {
    const { kem } = this.core.account
    const id = kem?.nextId ?? 1
    const [made] = await this.make(id, 1, true)
    if (!made) throw new Error('no last resort was made')
    changes.put('kem_prekeys', id, made)
    const retiredAt = retiredSince(null, now)
    for (const old of await this.core.store.all(kemPrekeys)) {
      if (old.lastResort && old.retiredAt === null) {
        changes.put('kem_prekeys', old.id, { ...old, retiredAt })
      }
    }
    const available = kem?.available ?? null
    return [made, { ...kem, nextId: id + 1, lastResort: id, published: false, available }]
  }

  /** The present last resort; null where it is damaged, or there is none. */
  async lastResort(): Promise<StoredKemPrekey | null> {
    const { kem } = this.core.account
    return kem ? this.core.store.getSpare(kemPrekeys, kem.lastResort) : null
  }

  /** The relay has these, and so many in all. Those that were used meanwhile stay erased. */
  noteUploaded(made: readonly StoredKemPrekey[], available: number): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const { kem } = this.core.account
      const held = new Set(await this.core.store.keys('kem_prekeys'))
      const changes = new TurnChanges(turn)
      for (const one of made) {
        if (held.has(one.id)) changes.put('kem_prekeys', one.id, { ...one, uploaded: true })
      }
      await commitAccount(this.core, kem ? { kem: { ...kem, available } } : {}, changes)
    })
  }

  async stageErasure(changes: TurnChanges, now: Now): Promise<void> {
    const all = await this.core.store.all(kemPrekeys)
    const oneTime = all.filter(({ lastResort }) => !lastResort)
    const available = this.core.account.kem?.available ?? oneTime.length
    const { changed, erased } = retirePrekeys(oneTime, available, now)
    for (const one of changed) changes.put('kem_prekeys', one.id, one)
    for (const id of erased) changes.remove('kem_prekeys', id)
    for (const one of all) {
      if (!one.lastResort || one.retiredAt === null) continue
      const retiredAt = retiredSince(one.retiredAt, now)
      if (mayBeErased(retiredAt, now)) await this.stageEnd(changes, one.id)
      else if (retiredAt !== one.retiredAt) {
        changes.put('kem_prekeys', one.id, { ...one, retiredAt })
      }
    }
  }

  /** Nothing can begin a session with it any more. */
  private async stageEnd(changes: TurnChanges, id: number): Promise<void> {
    changes.remove('kem_prekeys', id)
    for (const key of await this.core.store.keys('used_base_keys')) {
      if (key.startsWith(`${id}/`)) changes.remove('used_base_keys', key)
    }
  }

  private async make(firstId: number, count: number, lastResort: boolean) {
    const made = await this.core.engine.createKemPrekeys(localIdentity(this.core), firstId, count)
    const rest = { lastResort, uploaded: lastResort, retiredAt: null }
    return made.map((one): StoredKemPrekey => ({ ...one, ...rest }))
  }
}

const keyOf = ({ kemPrekeyId, signedPrekeyId, baseKey }: UsedBaseKey): string =>
  `${kemPrekeyId}/${signedPrekeyId}/${toBase64(baseKey)}`

/** Whether a session was begun with these before. */
export const isUsed = async (store: Store, used: UsedBaseKey): Promise<boolean> =>
  (await store.get(usedBaseKeys, keyOf(used))) !== null

/** Of a message of version 4. */
export const asUsed = ({ kemPrekeyId, signedPrekeyId, baseKey }: UsedPrekeys): UsedBaseKey => ({
  kemPrekeyId: kemPrekeyId ?? 0,
  signedPrekeyId,
  baseKey,
})

/** Notes the KEM prekey that began a session: a one-time one is erased, of a last resort the base key is kept. */
export function stageUse(changes: TurnChanges, used: UsedBaseKey, lastResort: boolean): void {
  const { kemPrekeyId } = used
  if (lastResort) changes.put('used_base_keys', keyOf(used), { kemPrekeyId })
  else changes.remove('kem_prekeys', kemPrekeyId)
}

export const publicHalf = ({ id, publicKey, signature }: SealedSignedPrekey): SignedKey => ({
  id,
  key: publicKey,
  signature,
})
