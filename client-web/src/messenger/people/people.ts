/**
 * Everyone this device knows. Only the person's own act replaces a pinned key
 * (`key-decisions.ts`); any other sight of another key only sets `changed`.
 */
import { contacts } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import { contactCode, fingerprint, identityText } from '@/crypto/contact/contact-code'
import { Alike } from './alike'
import type { Core } from '@/messenger/core/core'
import { MessengerError, personIn } from '@/messenger/contract'
import type { Contact, ConversationId, UserId } from '@/messenger/contract'
import { CachedTable } from '@/messenger/core/cached-table'
import type { ContactRecord } from '@/messenger/core/records'

/** Codes of `MessengerError`. */
export type Misfit = 'name_mismatch' | 'key_known' | 'request_in_the_way'

export class People {
  private readonly records = new CachedTable<UserId, ContactRecord>(contacts)
  private readonly online = new Set<UserId>()
  private readonly alike = new Alike()

  constructor(private readonly core: Core) {}

  get all(): ReadonlyMap<UserId, ContactRecord> {
    return this.records.all
  }

  async load(): Promise<void> {
    for (const record of await this.core.store.all(contacts)) {
      this.records.load(record.userId, record)
      this.alike.move(undefined, record)
    }
    for (const record of this.all.values()) this.core.view.contact(this.show(record))
  }

  /** As they are on disk, or will be with `within`. */
  find(id: UserId, within?: TurnChanges): ContactRecord | undefined {
    return this.records.get(id, within)
  }

  /** Whom the conversation is with. */
  inConversation(id: ConversationId, within?: TurnChanges): ContactRecord | undefined {
    const person = personIn(id)
    return person === null ? undefined : this.find(person, within)
  }

  /** @throws MessengerError `not_found` */
  get(id: UserId): ContactRecord {
    const record = this.all.get(id)
    if (!record) throw new MessengerError('not_found', 'no such contact')
    return record
  }

  /** Adds the write to `changes`. */
  stage(changes: TurnChanges, record: ContactRecord): void {
    let others: ReadonlySet<UserId> = new Set()
    changes.whenStored(() => {
      others = this.alike.move(this.all.get(record.userId), record)
    })
    this.records.stage(changes, record.userId, record)
    changes.whenStored(() => {
      this.core.view.contact(this.show(record))
      this.showAgain(others)
    })
  }

  stageRemoval(changes: TurnChanges, id: UserId): void {
    let others: ReadonlySet<UserId> = new Set()
    changes.whenStored(() => {
      others = this.alike.move(this.all.get(id), undefined)
    })
    this.records.stageRemoval(changes, id)
    changes.whenStored(() => {
      this.core.view.contactRemoved(id)
      this.showAgain(others)
    })
  }

  /** Somebody of the same name or key came, or went. */
  private showAgain(ids: ReadonlySet<UserId>): void {
    for (const id of ids) {
      const record = this.all.get(id)
      if (record) this.core.view.contact(this.show(record))
    }
  }

  /**
   * Why the relay's answer cannot be about this person: its id is known here under another
   * name, or its key under another id; or the id is that of a request under another key, which must
   * not stand under a verified name. A deleted request leaves nothing to compare with.
   */
  misfit(
    answer: Pick<ContactRecord, 'userId' | 'username'> & { identityKey: PublicKey },
    verified: boolean,
  ): Misfit | null {
    const { userId, username, identityKey } = answer
    const known = this.all.get(userId)
    const shown = known && known.relation !== 'hidden' ? known : null
    if (shown && shown.username !== username) return 'name_mismatch'
    const holder = this.withKey(identityKey)
    if (holder && holder.userId !== userId) return 'key_known'
    const waits = shown?.relation === 'request' && !equal(shown.identity, identityKey)
    return waits && verified ? 'request_in_the_way' : null
  }

  /** Whom this device knows by this key. */
  private withKey(identity: PublicKey): ContactRecord | undefined {
    return [...this.all.values()].find(
      (person) => person.relation !== 'hidden' && equal(person.identity, identity),
    )
  }

  setOnline(id: UserId, online: boolean): void {
    if (online) this.online.add(id)
    else this.online.delete(id)
    const record = this.all.get(id)
    if (record) this.core.view.contact(this.show(record))
  }

  isOnline(id: UserId): boolean {
    return this.online.has(id)
  }

  allOffline(): void {
    for (const id of this.online) this.setOnline(id, false)
  }

  /** Accepted contacts who are not blocked. */
  accepted(): ContactRecord[] {
    return [...this.all.values()].filter((person) => mayWriteTo(person))
  }

  show(record: ContactRecord): Contact {
    return {
      userId: record.userId,
      username: record.username,
      code: contactCode(record.username, record.identity),
      fingerprint: fingerprint(record.identity),
      identity: identityText(record.identity),
      trust: record.changed ? 'changed' : record.verified ? 'verified' : 'unverified',
      changedIdentity: record.changed && identityText(record.changed.identity),
      relation: record.relation,
      postQuantum: isPostQuantum(record),
      alike: this.alike.of(record),
      blocked: record.blocked,
      online: this.online.has(record.userId),
      presence: !record.presenceOff,
      addedAt: record.addedAt,
      verifiedAt: record.verifiedAt,
    }
  }
}

export const mayWriteTo = (person: ContactRecord): boolean =>
  person.relation === 'contact' && !person.blocked

/** Every device that is written to has KEM prekeys. */
function isPostQuantum({ devices, kemDevices = [] }: ContactRecord): boolean {
  const all = (devices ?? []).every(({ deviceId }) => kemDevices.includes(deviceId))
  return kemDevices.length > 0 && all
}

export function newContact(
  fields: Pick<ContactRecord, 'userId' | 'username' | 'identity' | 'relation'>,
  now: number,
): ContactRecord {
  return {
    ...fields,
    verified: false,
    changed: null,
    blocked: false,
    addedAt: now,
    verifiedAt: null,
    devices: null,
  }
}

/** The record with another key noted; the same record when that key is already known. */
export function withSeenKey(
  person: ContactRecord,
  identity: PublicKey,
  now: number,
): ContactRecord {
  if (equal(person.identity, identity)) return person
  if (person.changed && equal(person.changed.identity, identity)) return person
  const times = (person.changed?.times ?? (person.changed ? 1 : 0)) + 1
  return { ...person, changed: { ...person.changed, identity, at: now, times } }
}
