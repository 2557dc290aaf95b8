/**
 * Envelopes from the relay, one after the other. Decrypted content, ratchet state, used prekey
 * and mailbox number are one transaction; only then `ack` lets the relay forget. A repeated envelope
 * is recognised by its number, sender and id (`MailboxPlace`). An unreadable one leaves a visible
 * trace. A failure to store (a full disk) waits. A fault of our own is retried, then skipped with a
 * visible trace, so that nothing blocks the mailbox.
 */
import { TurnChanges } from '@/messenger/core/serial'
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import { CryptoError, isNotLoaded, isOwnFault } from '@/crypto/errors'
import { reportMissingPart } from '@/platform/late-parts'
import { StorageError, storeWaits } from '@/storage/errors'
import type { IncomingEnvelope } from '@/wire/types'
import type { ContentHandlers } from './content-handlers'
import { ContentError } from '@/messenger/contents/checks'
import type { Core } from '@/messenger/core/core'
import type { ExpiredNotice } from './expired-notice'
import type { DecryptionFailures } from './decryption-failures'
import type { HeldEnvelopes } from '@/messenger/keys/held-envelopes'
import type { KeyWatch } from '@/messenger/keys/key-watch'
import type { MailboxPlace } from './mailbox-place'
import type { EnvelopeDecryptor } from './envelope-decryptor'
import type { People } from '@/messenger/people/people'
import type { UserId } from '@/messenger/contract'

/** Before the second and the third, the last, attempt at an envelope that meets a fault of ours. */
const PAUSES = [200, 1_000]

/** Stages what goes along with an envelope; false: it is not wanted any more. */
type Begin = (changes: TurnChanges) => boolean

/** So many up to this number outlived their time unread. */
interface Expiry {
  upto: number
  count: number
}

/** A connection begins; an older relay names no log. */
interface Greeting {
  log: string | null
}
/** All that waited was sent. */
interface Rest {
  head: number
}

type Item = IncomingEnvelope | Expiry | Greeting | Rest

export class Inbox {
  /** In the order of the wire: what expired lies before the envelopes that follow. */
  private readonly queue: Item[] = []
  private draining: Promise<void> | null = null
  private stopped = false
  /** The highest number that this connection offered. */
  private offered = 0
  /** Told when something could not be stored: only a new connection offers it again. */
  interrupted: () => void = () => undefined

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly decryptor: EnvelopeDecryptor,
    private readonly handlers: ContentHandlers,
    private readonly failures: DecryptionFailures,
    private readonly keys: KeyWatch,
    private readonly held: HeldEnvelopes,
    private readonly expiredNotice: ExpiredNotice,
    private readonly place: MailboxPlace,
  ) {}

  load(): Promise<void> {
    return this.place.load()
  }

  connected(log: string | null): void {
    this.enqueue({ log })
  }

  /** Everything that waited has come. */
  caughtUp(head: number): Promise<void> {
    this.enqueue({ head })
    return this.settled()
  }

  receive(envelopes: readonly IncomingEnvelope[]): void {
    this.enqueue(...envelopes)
  }

  expired(expiry: Expiry): void {
    this.enqueue(expiry)
  }

  private enqueue(...items: Item[]): void {
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

  /**
   * Envelopes kept from before a new key was accepted; their numbers are acknowledged already. Each
   * stays with its sender until it is opened, so that a crash in between forgets none.
   */
  async openHeld(userId: UserId): Promise<void> {
    for (;;) {
      const person = this.people.all.get(userId)
      const first = person && !person.changed ? await this.held.first(userId) : null
      if (!first || this.stopped) return
      await this.insist(first.envelope, (changes) => {
        // Refused, or opened, while this one waited for its turn.
        if (!this.held.has(userId, first.key)) return false
        this.held.stageRemoval(changes, userId, first.key)
        return true
      })
    }
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0 && !this.stopped) {
      const batch = this.queue.splice(0, 32)
      for (const item of batch) {
        if (this.stopped) return
        try {
          if (await this.process(item)) continue
          // The next connection offers again each envelope that was skipped by its number.
          this.queue.length = 0
          return this.interrupted()
        } catch (error) {
          if (this.stopped) return
          // Not stored (full, fenced, locked), or not read yet: not acknowledged; the relay offers it again.
          this.queue.length = 0
          this.interrupted()
          if (isNotLoaded(error)) reportMissingPart()
          if (!(error instanceof StorageError || isNotLoaded(error))) throw error
          return
        }
      }
      // An acknowledgement that is lost is made up by the next one. What this connection did not offer is not
      // acknowledged: a relay that is an older copy of itself may give its number to another envelope.
      if (batch.some((item) => 'seq' in item || 'upto' in item)) {
        const upto = Math.min(this.place.upto, this.offered)
        this.core.socket?.ack(upto).catch(() => undefined)
      }
    }
  }

  /** False when the relay's numbers start anew: nothing more of this connection counts. */
  private async process(item: Item): Promise<boolean> {
    if ('log' in item) {
      this.offered = 0
      if (item.log) await this.place.met(item.log)
      return true
    }
    if ('head' in item) return this.place.reached(item.head)
    const upto = 'upto' in item ? item.upto : item.seq
    const envelope = 'upto' in item ? null : item
    this.offered = Math.max(this.offered, upto)
    if (upto <= this.place.upto) return envelope === null || this.place.repeated(envelope)
    if ('upto' in item) await this.skip(item)
    else if (await this.place.knows(item)) await this.pass(item)
    else {
      // Held envelopes came before this one.
      await this.openHeld(item.from.user_id)
      await this.insist(item, (changes) => {
        this.place.stage(changes, upto, item)
        return true
      })
    }
    return true
  }

  /** It is here already. */
  private pass(envelope: IncomingEnvelope): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      this.place.stage(changes, envelope.seq, envelope)
      await this.core.store.commit(changes)
    })
  }

  /** Told again, in part or whole, only what is not behind us counts. */
  private skip({ upto, count }: Expiry): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      this.place.stage(changes, upto)
      const missed = Math.min(count, upto - this.place.upto)
      if (missed > 0) this.expiredNotice.stage(changes, missed)
      await this.core.store.commit(changes)
    })
  }

  /** Takes the envelope; after the last attempt it counts as one that cannot be read. */
  private async insist(envelope: IncomingEnvelope, begin: Begin) {
    for (const pause of PAUSES) {
      try {
        return await this.take(envelope, begin, false)
      } catch (error) {
        if (storeWaits(error) || isNotLoaded(error) || this.stopped) throw error
      }
      await new Promise((done) => setTimeout(done, pause))
    }
    await this.take(envelope, begin, true)
  }

  /** Stores what the envelope brings, together with what `begin` stages. */
  private take(envelope: IncomingEnvelope, begin: Begin, last: boolean) {
    return this.core.serial.run(async (turn) => {
      const { user_id: userId, device_id: deviceId } = envelope.from
      let changes = new TurnChanges(turn)
      if (!begin(changes)) return
      try {
        if (await this.failures.exhausted(userId, deviceId)) throw new CryptoError('too_far')
        const opened = await this.decryptor.open(turn, envelope, { inOrder: true })
        this.decryptor.stage(changes, envelope, opened)
        await this.handlers.stage(changes, envelope, opened.decrypted, opened.content)
      } catch (error) {
        // Nothing of the failed attempt is kept.
        changes = new TurnChanges(turn)
        begin(changes)
        await this.refuse(changes, envelope, error, last)
      }
      await this.core.store.commit(changes)
    })
  }

  /** Stages a record in place of a content that was not read, so that none disappears without a trace. */
  private async refuse(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    error: unknown,
    last: boolean,
  ): Promise<void> {
    if (isRefusal(error)) {
      if (error instanceof CryptoError && error.code === 'identity_mismatch') {
        const identity = await this.presented(envelope)
        if (identity) return this.hold(changes, envelope, identity)
      }
      return this.failures.stage(changes, envelope, error)
    }
    if (storeWaits(error) || isNotLoaded(error) || !last) throw error
    // A bug: it must not block the mailbox, nor stay unseen.
    if (!(error instanceof CryptoError || error instanceof StorageError)) reportError(error)
    return this.failures.stage(changes, envelope, new CryptoError('internal'))
  }

  /** The key a prekey message presents; null if none, or if it is the pinned one after all. */
  private async presented({ kind, body, from }: IncomingEnvelope): Promise<PublicKey | null> {
    const person = this.people.all.get(from.user_id)
    if (kind !== 'prekey' || !person) return null
    const { identityKey } = await this.core.engine.inspect(body)
    return equal(identityKey, person.identity) ? null : identityKey
  }

  /** Kept unread until the person accepts the new key. */
  private async hold(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    identity: PublicKey,
  ): Promise<void> {
    const { user_id: userId } = envelope.from
    const person = this.people.find(userId, changes)
    if (!person) return
    await this.keys.stage(changes, userId, identity)
    const kept = this.held.stage(changes, envelope, identity, person)
    if (!kept) await this.failures.stageUnheld(changes, envelope)
  }
}

/** The envelope is at fault, not we. */
const isRefusal = (error: unknown): error is CryptoError | ContentError =>
  error instanceof ContentError || (error instanceof CryptoError && !isOwnFault(error))
