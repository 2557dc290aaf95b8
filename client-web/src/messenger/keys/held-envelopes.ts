/**
 * Prekey messages under a key that is not the pinned one: kept, sealed and unread, until the person
 * decides about that key. The relay has forgotten them. First come, first kept: later ones never
 * displace them.
 */
import { heldEnvelopes } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import { identityText } from '@/crypto/contact/contact-code'
import type { PublicKey } from '@/crypto/protocol/protocol'
import type { Store } from '@/storage/store'
import type { IncomingEnvelope } from '@/wire/types'
import type { Core } from '@/messenger/core/core'
import type { People } from '@/messenger/people/people'
import type { ContactRecord, HeldRecord } from '@/messenger/core/records'
import type { UserId } from '@/messenger/contract'

const PER_KEY = 200
/** Under any number of keys. */
const PER_CONTACT = 1_000
const PER_STRANGER = 50
const BYTES_PER_PERSON = 8 * 1024 * 1024

/** A held envelope's data in memory. */
interface Place {
  readonly key: string
  readonly identity: string
  readonly size: number
}

export class HeldEnvelopes {
  /** By person, in the order of arrival. */
  private readonly places = new Map<string, readonly Place[]>()
  private last = 0

  constructor(private readonly core: Core) {}

  async load(): Promise<void> {
    const records = await this.core.store.all(heldEnvelopes)
    for (const record of records.sort((a, b) => a.n - b.n)) {
      this.add(record)
      this.last = record.n
    }
  }

  /** Adds the envelope to `changes`; false when there is no room. */
  stage(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    identity: PublicKey,
    person: ContactRecord,
  ): boolean {
    const { userId } = person
    const held = this.of(userId)
    const text = identityText(identity)
    const size = envelope.body.length
    const most = person.relation === 'contact' ? PER_CONTACT : PER_STRANGER
    const bytes = held.reduce((sum, place) => sum + place.size, size)
    const sameKey = held.filter((place) => place.identity === text).length
    if (held.length >= most || sameKey >= PER_KEY || bytes > BYTES_PER_PERSON) return false
    const record: HeldRecord = { userId, n: ++this.last, identity: text, envelope }
    changes.put('held', keyOf(record), record).whenStored(() => this.add(record))
    return true
  }

  /** The oldest of this person's; a damaged one is passed over, and goes with the rest. */
  async first(userId: UserId): Promise<{ key: string; envelope: IncomingEnvelope } | null> {
    for (const { key } of this.of(userId)) {
      const record = await this.core.store.getSpare(heldEnvelopes, key)
      if (record) return { key, envelope: record.envelope }
    }
    return null
  }

  has(userId: UserId, key: string): boolean {
    return this.of(userId).some((place) => place.key === key)
  }

  stageRemoval(changes: TurnChanges, userId: UserId, key: string): void {
    changes.remove('held', key).whenStored(() => this.keep(userId, (place) => place.key !== key))
  }

  /** All of this person's go, but those under `identity`. */
  stageOnly(changes: TurnChanges, userId: UserId, identity: PublicKey | null): void {
    const kept = identity && identityText(identity)
    for (const place of this.of(userId)) {
      if (place.identity !== kept) changes.remove('held', place.key)
    }
    changes.whenStored(() => this.keep(userId, (place) => place.identity === kept))
  }

  private of(userId: UserId): readonly Place[] {
    return this.places.get(userId) ?? []
  }

  private add(record: HeldRecord): void {
    const { userId, identity, envelope } = record
    const place = { key: keyOf(record), identity, size: envelope.body.length }
    this.places.set(userId, [...this.of(userId), place])
  }

  private keep(userId: UserId, wanted: (place: Place) => boolean): void {
    this.places.set(userId, this.of(userId).filter(wanted))
  }
}

const keyOf = ({ userId, n }: HeldRecord): string => `${userId}/${n}`

/** Moves envelopes that an older version kept in the contact's record to the table. */
export async function adoptOldHeld(core: Core, people: People, held: HeldEnvelopes): Promise<void> {
  for (const { userId, held: kept } of people.all.values()) {
    if (kept === undefined) continue
    await core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      const { held: _, ...person } = people.get(userId)
      people.stage(changes, person)
      for (const envelope of kept) {
        const { identityKey } = await core.engine.inspect(envelope.body)
        held.stage(changes, envelope, identityKey, person)
      }
      await core.store.commit(changes)
    })
  }
}

/** On a device that does not run: nothing in memory follows. */
export async function stageHeldRemoval(
  changes: TurnChanges,
  store: Store,
  userId: UserId,
): Promise<void> {
  for (const key of await store.keys('held')) {
    if (key.startsWith(`${userId}/`)) changes.remove('held', key)
  }
}
