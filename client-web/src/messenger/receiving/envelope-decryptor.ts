/**
 * Decrypts one envelope with this device's keys, and checks sender and recipient of its content.
 * Stores nothing by itself.
 */
import { kemPrekeys, prekeys, sessions, signedPrekeys } from '@/messenger/core/key-records'
import { nameLists } from '@/messenger/core/stored-records'
import type { Turn, TurnChanges } from '@/messenger/core/serial'
import { toBase64 } from '@/crypto/bytes'
import type { PrekeyMessageInfo, UsedPrekeys } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import type { Decrypted } from '@/crypto/engine/engine'
import { identityText } from '@/crypto/contact/contact-code'
import type { IncomingEnvelope } from '@/wire/types'
import { decodeContent } from '@/messenger/contents/codec'
import type { Content, UnknownContent } from '@/messenger/contents/registry'
import { localDevice } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import type { StoredKemPrekey } from '@/messenger/core/records'
import type { People } from '@/messenger/people/people'
import { readCount, sessionKey } from '@/messenger/core/counter-table'
import type { KemMemory } from '@/messenger/keys/kem-memory'
import { asUsed, isUsed, stageUse } from '@/messenger/keys/kem-prekeys'
import type { UsedBaseKey } from '@/messenger/keys/kem-prekeys'
import type { Sessions } from '@/messenger/keys/sessions'
import type { UserId } from '@/messenger/contract'

export type Sealed = Pick<IncomingEnvelope, 'from' | 'kind' | 'body'>

export interface Road {
  /** The mailbox keeps order; what is not stored may overtake what waits there. */
  inOrder: boolean
}

export interface OpenedEnvelope {
  decrypted: Decrypted
  content: Content | UnknownContent
  /** Sessions of version 3 begun without a one-time prekey, this one included; null where none was begun so. */
  begun: readonly string[] | null
  /** The KEM prekey that began the session; null where none did. */
  kem: { used: UsedBaseKey; lastResort: boolean } | null
}

/** Bytes of a base key that tell it from others. */
const MARK = 12
/** Per device. Its owner alone can begin sessions. */
const REMEMBERED = 500

const begunKey = (userId: UserId, deviceId: number): string =>
  `begun/${sessionKey(userId, deviceId)}`

export class EnvelopeDecryptor {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly sessions: Sessions,
    private readonly memory: KemMemory,
  ) {}

  /** @throws CryptoError, ContentError */
  async open(_turn: Turn, sealed: Sealed, road: Road): Promise<OpenedEnvelope> {
    const { user_id: userId, device_id: deviceId } = sealed.from
    const needs = sealed.kind === 'prekey' ? await this.core.engine.inspect(sealed.body) : null
    const { kemPrekeyId } = needs ?? {}
    const kemPrekey = kemPrekeyId ? await this.core.store.get(kemPrekeys, kemPrekeyId) : null
    const decrypted = await this.decrypt(sealed, road, needs, kemPrekey)
    const { used } = decrypted
    const begun = used ? await this.noted(sealed, used) : null
    const kem = used && kemPrekey && { used: asUsed(used), lastResort: kemPrekey.lastResort }
    const content = decodeContent(decrypted.plaintext, {
      userId,
      deviceId,
      identity: identityText(decrypted.identityKey),
      to: this.core.account.userId,
    })
    return { decrypted, content, begun, kem }
  }

  /** The ratchet as it is after opening; used one-time prekeys go with it. */
  stage(changes: TurnChanges, { from }: Sealed, { decrypted, begun, kem }: OpenedEnvelope): void {
    changes.write(sessions, sessionKey(from.user_id, from.device_id), decrypted.session)
    const { used } = decrypted
    if (used?.prekeyId) changes.remove('prekeys', used.prekeyId)
    if (kem) stageUse(changes, kem.used, kem.lastResort)
    if (begun) changes.put('counters', begunKey(from.user_id, from.device_id), begun)
  }

  /**
   * Of version 3. A one-time prekey is erased with its first use. A message without one could begin its session
   * again whenever it is repeated, in place of the one that is used by now: its base key is remembered.
   * @throws CryptoError `duplicate`
   */
  private async noted({ from }: Sealed, used: UsedPrekeys): Promise<readonly string[] | null> {
    if (used.prekeyId !== null || used.kemPrekeyId !== null) return null
    const { user_id: userId, device_id: deviceId } = from
    const key = begunKey(userId, deviceId)
    const before = await readCount(this.core.store, nameLists, key, [] as string[])
    const name = toBase64(used.baseKey.slice(1, 1 + MARK))
    // Where no session is left there is none to replace, and the content's counter tells.
    const replaces = (await this.sessions.get(userId, deviceId)) !== null
    if (replaces && before.includes(name)) throw new CryptoError('duplicate')
    return [...before.filter((one) => one !== name), name].slice(-REMEMBERED)
  }

  private async decrypt(
    { from, kind, body }: Sealed,
    { inOrder }: Road,
    needs: PrekeyMessageInfo | null,
    kemPrekey: StoredKemPrekey | null,
  ): Promise<Decrypted> {
    const { user_id: userId, device_id: deviceId } = from
    const { store, engine, account } = this.core
    const local = localDevice(this.core)
    const own = userId === account.userId
    return engine.decrypt({
      local,
      remote: { userId, deviceId },
      session: await this.sessions.get(userId, deviceId),
      kind,
      body,
      pinned: own ? local.publicKey : (this.people.all.get(userId)?.identity ?? null),
      prekey: needs?.prekeyId ? await store.get(prekeys, needs.prekeyId) : null,
      signedPrekey: needs ? await store.get(signedPrekeys, needs.signedPrekeyId) : null,
      kemPrekey,
      baseKeyUsed:
        needs !== null && kemPrekey?.lastResort === true && (await isUsed(store, asUsed(needs))),
      knownFour: this.memory.knowsDevice(userId, deviceId) && !this.precedesKem(needs),
      inOrder,
    })
  }

  /** Begun with keys that this device gave away before it had KEM prekeys: nothing but version 3 could begin. */
  private precedesKem(needs: PrekeyMessageInfo | null): boolean {
    const { kem } = this.core.account
    return needs !== null && (!kem || needs.signedPrekeyId <= (kem.signedBefore ?? -1))
  }
}
