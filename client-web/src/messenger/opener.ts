/**
 * Opens envelopes: decrypts one with what this device holds, and checks who speaks to whom.
 * Changes nothing by itself. Runs inside `serial`.
 */
import type { Decrypted } from '@/crypto/engine'
import { identityText } from '@/crypto/identity'
import type { Changes } from '@/storage/changes'
import type { IncomingEnvelope } from '@/wire/types'
import { decodeContent } from './content'
import type { Content, UnknownContent } from './content'
import { localIdentity } from './core'
import type { Core } from './core'
import type { People } from './people'
import type { StoredPrekey, StoredSignedPrekey } from './records'
import { sessionKey } from './sessions'
import type { Sessions } from './sessions'

export type Sealed = Pick<IncomingEnvelope, 'from' | 'kind' | 'body'>

export interface OpenedEnvelope {
  decrypted: Decrypted
  content: Content | UnknownContent
}

export class Opener {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly sessions: Sessions,
  ) {}

  /** @throws CryptoError, ContentError */
  async open(sealed: Sealed): Promise<OpenedEnvelope> {
    const { user_id: userId, device_id: deviceId } = sealed.from
    const decrypted = await this.decrypt(sealed)
    const content = decodeContent(decrypted.plaintext, {
      userId,
      deviceId,
      identity: identityText(decrypted.identityKey),
      to: this.core.account.userId,
    })
    return { decrypted, content }
  }

  /** The ratchet as it is after opening; a used one-time prekey goes with it. */
  stage(changes: Changes, { from }: Sealed, { decrypted }: OpenedEnvelope): void {
    changes.put('sessions', sessionKey(from.user_id, from.device_id), decrypted.session)
    if (decrypted.usedPrekeyId !== null) changes.remove('prekeys', decrypted.usedPrekeyId)
  }

  private async decrypt({ from, kind, body }: Sealed): Promise<Decrypted> {
    const { user_id: userId, device_id: deviceId } = from
    const { store, engine, account } = this.core
    const local = localIdentity(this.core)
    const own = userId === account.userId
    const needs = kind === 'prekey' ? await engine.inspect(body) : null
    return engine.decrypt({
      local,
      remote: { userId, deviceId },
      session: await this.sessions.get(userId, deviceId),
      kind,
      body,
      pinned: own ? local.keyPair.publicKey : (this.people.all.get(userId)?.identity ?? null),
      prekey: needs?.prekeyId ? await store.get<StoredPrekey>('prekeys', needs.prekeyId) : null,
      signedPrekey: needs
        ? await store.get<StoredSignedPrekey>('signed_prekeys', needs.signedPrekeyId)
        : null,
    })
  }
}
