/**
 * Envelopes from the relay, one after the other. Decrypted content, ratchet state, used prekey
 * and mailbox number are one transaction; only then `ack` lets the relay forget. An envelope that
 * comes again is recognised by its number; one that cannot be read leaves a visible trace.
 */
import { equal } from '@/crypto/bytes'
import type { Decrypted, PublicKey } from '@/crypto/engine'
import { CryptoError } from '@/crypto/errors'
import { identityText } from '@/crypto/identity'
import { StorageError } from '@/storage/errors'
import { Changes } from '@/storage/store'
import type { IncomingEnvelope } from '@/wire/types'
import type { Arrivals } from './arrivals'
import { ContentError, decodeContent } from './content'
import type { Content, UnknownContent } from './content'
import { localIdentity } from './core'
import type { Core } from './core'
import type { Expiries } from './expiries'
import type { Failures } from './failures'
import type { KeyWatch } from './key-watch'
import type { People } from './people'
import type { StoredSignedPrekey } from './records'
import { sessionKey } from './sessions'
import type { Sessions } from './sessions'

const HELD_PER_PERSON = 200

/** So many up to this number outlived their time unread. */
interface Expiry {
  upto: number
  count: number
}

export class Inbox {
  private cursor = 0
  /** In the order of the wire: what expired lies before the envelopes that follow. */
  private readonly queue: (IncomingEnvelope | Expiry)[] = []
  private draining: Promise<void> | null = null
  private stopped = false
  /** Told when something could not be stored: only a new connection offers it again. */
  interrupted: () => void = () => undefined

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly sessions: Sessions,
    private readonly arrivals: Arrivals,
    private readonly failures: Failures,
    private readonly keys: KeyWatch,
    private readonly expiries: Expiries,
  ) {}

  async load(): Promise<void> {
    this.cursor = (await this.core.store.get<number>('records', 'cursor')) ?? 0
  }

  receive(envelopes: readonly IncomingEnvelope[]): void {
    this.enqueue(...envelopes)
  }

  expired(expiry: Expiry): void {
    this.enqueue(expiry)
  }

  private enqueue(...items: (IncomingEnvelope | Expiry)[]): void {
    this.queue.push(...items)
    this.draining ??= this.drain().finally(() => {
      this.draining = null
    })
  }

  /** Resolves when everything received so far is stored. */
  async settled(): Promise<void> {
    await this.draining
  }

  stop(): void {
    this.stopped = true
    this.queue.length = 0
  }

  /** Envelopes kept from before a new key was accepted. Their numbers are acknowledged already. */
  async process(held: readonly IncomingEnvelope[]): Promise<void> {
    for (const envelope of held) await this.take(envelope, new Changes())
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0 && !this.stopped) {
      const batch = this.queue.splice(0, 32)
      for (const item of batch) {
        if (this.stopped) return
        const upto = 'upto' in item ? item.upto : item.seq
        if (upto <= this.cursor) continue
        const changes = new Changes().put('records', 'cursor', upto)
        try {
          await ('upto' in item ? this.skip(item, changes) : this.take(item, changes))
          this.cursor = upto
        } catch (error) {
          // Not stored (full, fenced, locked): not acknowledged; the relay offers it again.
          this.queue.length = 0
          this.interrupted()
          if (!(error instanceof StorageError)) throw error
          return
        }
      }
      // An acknowledgement that is lost is made up by the next one.
      this.core.socket?.ack(this.cursor).catch(() => undefined)
    }
  }

  /** Told again, in part or whole, only what is not behind us counts. */
  private skip({ upto, count }: Expiry, changes: Changes): Promise<void> {
    return this.core.serial.run(async () => {
      const missed = Math.min(count, upto - this.cursor)
      const show = missed > 0 ? this.expiries.stage(changes, missed) : () => undefined
      await this.core.store.commit(changes)
      show()
    })
  }

  /** Stores what the envelope brings, together with `changes`. */
  private take(envelope: IncomingEnvelope, changes: Changes): Promise<void> {
    return this.sessions.serial.run(async () => {
      const { user_id: userId, device_id: deviceId } = envelope.from
      const own = userId === this.core.account.userId
      const identity = localIdentity(this.core)
      const pinned = own
        ? identity.keyPair.publicKey
        : (this.people.all.get(userId)?.identity ?? null)
      const shows: (() => void)[] = []
      try {
        if (await this.failures.exhausted(userId, deviceId)) throw new CryptoError('too_far')
        const decrypted = await this.decrypt(envelope, pinned)
        const content = decodeContent(decrypted.plaintext, {
          userId,
          deviceId,
          identity: identityText(decrypted.identityKey),
          to: this.core.account.userId,
        })
        this.stageSession(changes, envelope, decrypted)
        shows.push(await this.arrivals.stage(changes, envelope, decrypted, content))
      } catch (error) {
        shows.push(await this.refuse(changes, envelope, error))
      }
      await this.core.store.commit(changes)
      for (const show of shows) show()
    })
  }

  /** For ephemeral bodies: never stored, so only the session changes. Null when not readable. */
  async peek(
    from: { user_id: string; device_id: number },
    body: Uint8Array<ArrayBuffer>,
  ): Promise<Content | UnknownContent | null> {
    const envelope = { seq: 0, id: '', from, kind: 'message', body, at: 0 } as const
    const pinned = this.people.all.get(from.user_id)?.identity ?? null
    if (!pinned) return null
    return this.sessions.serial.run(async () => {
      try {
        const decrypted = await this.decrypt(envelope, pinned)
        const content = decodeContent(decrypted.plaintext, {
          userId: from.user_id,
          deviceId: from.device_id,
          identity: identityText(decrypted.identityKey),
          to: this.core.account.userId,
        })
        // Anything else belongs in the mailbox: its key stays, so that it can still be read there.
        if (content.type !== 'typing') return null
        const changes = new Changes()
        this.stageSession(changes, envelope, decrypted)
        await this.core.store.commit(changes)
        return content
      } catch {
        return null
      }
    })
  }

  private async decrypt(envelope: IncomingEnvelope, pinned: PublicKey | null): Promise<Decrypted> {
    const { user_id: userId, device_id: deviceId } = envelope.from
    const { store, engine } = this.core
    const needs = envelope.kind === 'prekey' ? await engine.inspect(envelope.body) : null
    return engine.decrypt({
      local: localIdentity(this.core),
      remote: { userId, deviceId },
      session: await this.sessions.get(userId, deviceId),
      kind: envelope.kind,
      body: envelope.body,
      pinned,
      prekey: needs?.prekeyId ? await store.get('prekeys', needs.prekeyId) : null,
      signedPrekey: needs
        ? await store.get<StoredSignedPrekey>('signed_prekeys', needs.signedPrekeyId)
        : null,
    })
  }

  private stageSession(changes: Changes, { from }: IncomingEnvelope, decrypted: Decrypted): void {
    changes.put('sessions', sessionKey(from.user_id, from.device_id), decrypted.session)
    if (decrypted.usedPrekeyId !== null) changes.remove('prekeys', decrypted.usedPrekeyId)
  }

  /** What is stored instead of a content: never nothing. */
  private async refuse(
    changes: Changes,
    envelope: IncomingEnvelope,
    error: unknown,
  ): Promise<() => void> {
    const known = error instanceof CryptoError || error instanceof ContentError
    if (!known || (error instanceof CryptoError && error.code === 'internal')) throw error
    if (error instanceof CryptoError && error.code === 'identity_mismatch') {
      const identity = await this.presented(envelope)
      if (identity) return this.hold(changes, envelope, identity)
    }
    return this.failures.stage(changes, envelope, error)
  }

  /** The key a prekey message presents; null if none, or if it is the pinned one after all. */
  private async presented({ kind, body, from }: IncomingEnvelope): Promise<PublicKey | null> {
    const person = this.people.all.get(from.user_id)
    if (kind !== 'prekey' || !person) return null
    const { identityKey } = await this.core.engine.inspect(body)
    return equal(identityKey, person.identity) ? null : identityKey
  }

  /** Kept unread until the person accepts the new key. */
  private hold(changes: Changes, envelope: IncomingEnvelope, identity: PublicKey): () => void {
    return this.keys.stage(changes, envelope.from.user_id, identity, (person) => ({
      ...person,
      held: [...person.held, envelope].slice(-HELD_PER_PERSON),
    }))
  }
}
