/**
 * Opens envelopes: decrypts one with what this device holds, and checks who speaks to whom.
 * Changes nothing by itself.
 */
import { prekeys, sessions, signedPrekeys } from '@/messenger/core/key-records'
import { nameLists } from '@/messenger/core/stored-records'
import type { Turn, TurnChanges } from '@/messenger/core/serial'
import { toBase64 } from '@/crypto/bytes'
import type { PrekeyMessageInfo } from '@/crypto/engine'
import { CryptoError } from '@/crypto/errors'
import type { Decrypted } from '@/crypto/sealed-engine'
import { identityText } from '@/crypto/identity'
import type { IncomingEnvelope } from '@/wire/types'
import { decodeContent } from '@/messenger/contents/codec'
import type { Content, UnknownContent } from '@/messenger/contents/registry'
import { localIdentity } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import type { People } from '@/messenger/people/people'
import { readCount, sessionKey } from '@/messenger/core/counter-table'
import type { Sessions } from '@/messenger/keys/sessions'
import type { UserId } from '@/messenger/contract'

export type Sealed = Pick<IncomingEnvelope, 'from' | 'kind' | 'body'>

export interface OpenedEnvelope {
  decrypted: Decrypted
  content: Content | UnknownContent
  /** Sessions begun without a one-time prekey, this one included; null where none was begun so. */
  begun: readonly string[] | null
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
  ) {}

  /** @throws CryptoError, ContentError */
  async open(_turn: Turn, sealed: Sealed): Promise<OpenedEnvelope> {
    const { user_id: userId, device_id: deviceId } = sealed.from
    const needs = sealed.kind === 'prekey' ? await this.core.engine.inspect(sealed.body) : null
    const decrypted = await this.decrypt(sealed, needs)
    const begun = decrypted.startedSession ? await this.noted(sealed, needs) : null
    const content = decodeContent(decrypted.plaintext, {
      userId,
      deviceId,
      identity: identityText(decrypted.identityKey),
      to: this.core.account.userId,
    })
    return { decrypted, content, begun }
  }

  /** The ratchet as it is after opening; a used one-time prekey goes with it. */
  stage(changes: TurnChanges, { from }: Sealed, { decrypted, begun }: OpenedEnvelope): void {
    changes.write(sessions, sessionKey(from.user_id, from.device_id), decrypted.session)
    if (decrypted.usedPrekeyId !== null) changes.remove('prekeys', decrypted.usedPrekeyId)
    if (begun) changes.put('counters', begunKey(from.user_id, from.device_id), begun)
  }

  /**
   * A one-time prekey is erased with its first use. A message without one could begin its session
   * again whenever it is repeated, in place of the one that is used by now: its base key is remembered.
   * @throws CryptoError `duplicate`
   */
  private async noted(
    { from }: Sealed,
    needs: PrekeyMessageInfo | null,
  ): Promise<readonly string[] | null> {
    if (!needs || needs.prekeyId !== null) return null
    const { user_id: userId, device_id: deviceId } = from
    const key = begunKey(userId, deviceId)
    const before = await readCount(this.core.store, nameLists, key, [] as string[])
    const name = toBase64(needs.baseKey.slice(1, 1 + MARK))
    // Where no session is left there is none to replace, and the content's counter tells.
    const replaces = (await this.sessions.get(userId, deviceId)) !== null
    if (replaces && before.includes(name)) throw new CryptoError('duplicate')
    return [...before.filter((one) => one !== name), name].slice(-REMEMBERED)
  }

  private async decrypt(
    { from, kind, body }: Sealed,
    needs: PrekeyMessageInfo | null,
  ): Promise<Decrypted> {
    const { user_id: userId, device_id: deviceId } = from
    const { store, engine, account } = this.core
    const local = localIdentity(this.core)
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
    })
  }
}
