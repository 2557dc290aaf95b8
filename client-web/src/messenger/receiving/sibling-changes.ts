/** Applies what another of one's own devices changed, unless a later change is known. */
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import { parseIdentity } from '@/crypto/contact/contact-code'
import { isUsername } from '@/text/credentials'
import type { Chats } from '@/messenger/chats/chats'
import type { Deadlines } from '@/messenger/chats/deadlines'
import type { IncomingEnvelope } from '@/wire/types'
import type { About } from '@/messenger/contents/about'
import type { SharedChanges } from '@/messenger/contents/effects'
import type { FilePointer } from '@/messenger/contents/text/pointer'
import type { Content } from '@/messenger/contents/registry'
import type { Core } from '@/messenger/core/core'
import { NAMED } from '@/messenger/core/record-names'
import type { ContactRecord } from '@/messenger/core/records'
import type { TurnChanges } from '@/messenger/core/serial'
import { findMessage, messagesNamed, receivedMessages } from '@/messenger/core/kept-messages'
import type { HeldEnvelopes } from '@/messenger/keys/held-envelopes'
import { stageDecision } from '@/messenger/keys/key-decisions'
import type { KeyWatch } from '@/messenger/keys/key-watch'
import type { SecurityLog } from '@/messenger/keys/security-log'
import { newContact } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import type { Removals } from '@/messenger/sending/removals'
import type { SiblingSync } from '@/messenger/sending/sibling-sync'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'

/** Changes that may be about oneself: of one's notes, and of settings. */
const OWN: ReadonlySet<string> = new Set<Sync['what']>([
  'read',
  'mute',
  'archive',
  'pin',
  'deleted',
  'star',
  'pin_message',
  'setting',
  'history',
])

type Named = Pick<ContactRecord, 'userId' | 'username' | 'identity'>
type Sync = Extract<Content, { type: 'sync' }>

export class SiblingChanges {
  /** Called after the commit of a decision about a key; `renewed`: another one is pinned than before. */
  decided: (userId: UserId, renewed: boolean) => void = () => undefined
  /** Called after the commit of a changed relation. */
  changed: () => void = () => undefined

  /** Called after the commit once there is more history to fetch. */
  historyNamed: () => void = () => undefined

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly log: SecurityLog,
    private readonly keys: KeyWatch,
    private readonly held: HeldEnvelopes,
    private readonly sync: SiblingSync,
    private readonly removals: Removals,
    private readonly deadlines: Deadlines,
  ) {}

  /** What may change of the person that the content names; null: nothing, or it is older than what is known. */
  of(changes: TurnChanges, content: Sync, { from, at }: IncomingEnvelope): SharedChanges | null {
    const { user_id: userId } = content.for
    const isOneself = userId === this.core.account.userId
    const fits = isOneself ? OWN.has(content.what) : content.what !== 'setting'
    if (!fits) return null
    if (!this.sync.takes(changes, userId, content, [content.sent_at, from.device_id])) return null
    const person = isOneself ? undefined : this.people.find(userId, changes)
    const isAdded = content.what === 'contact' && content.relation === 'contact'
    if (!person && !isAdded && !isOneself) return null
    const conversation = conversationWith(userId)
    const until = Math.min(content.sent_at, at)
    const change = (patch: Partial<ContactRecord>): void => {
      if (person) this.people.stage(changes, { ...person, ...patch })
    }
    return {
      read: async (ids) => {
        await this.read(changes, userId, ids)
        await this.expire(changes, userId, ids, until)
      },
      relation: (relation) => this.relate(changes, content.for, relation),
      verified: async (verified) => {
        if (person) await this.verify(changes, content.for, verified, person)
      },
      blocked: (blocked) => {
        change({ blocked })
        changes.whenStored(() => this.changed())
      },
      muted: (muted, mutedUntil) => this.chats.stage(changes, conversation, { muted, mutedUntil }),
      archived: (archived) => this.chats.stage(changes, conversation, { archived }),
      pinned: (pinned) => this.chats.stage(changes, conversation, { pinned }),
      nickname: (nickname) => {
        change({ nickname: nickname ?? undefined })
        changes.whenStored(() => this.chats.show(conversation))
      },
      setting: (name, value) => this.core.stageShared(changes, name, value),
      deleted: (ids, mine) => this.removals.stageNamed(changes, conversation, ids, mine),
      deletedUpto: (newest) =>
        this.removals.stageConversationUpto(changes, conversation, newest, until),
      marked: (mark, ids, mine, on) => {
        const state = { on, at: content.sent_at, device: from.device_id }
        ids.forEach((id, i) => {
          const ref = { id, sender: mine[i] ? null : userId }
          this.sync.marks.stage(changes, conversation, ref, mark, state)
        })
      },
      history: (device, files) => this.history(changes, device, files),
    }
  }

  /** Kept as it is: what fetches it looks whether more is wanted. */
  private history(changes: TurnChanges, device: number, files: readonly FilePointer[]): void {
    if (device !== this.core.account.deviceId) return
    const named = files.map(({ id, key, digest, size }) => ({ id, key, digest, size }))
    changes.put('records', NAMED, named).whenStored(() => this.historyNamed())
  }

  private async relate(
    changes: TurnChanges,
    about: About,
    relation: 'contact' | 'declined' | 'removed',
  ): Promise<void> {
    if (relation === 'contact') {
      const named = this.named(changes, about)
      return named ? this.accept(changes, named) : undefined
    }
    const { user_id: userId } = about
    const isContact = this.people.find(userId, changes)?.relation === 'contact'
    if (relation === 'removed') await this.removals.stageContact(changes, userId)
    else if (!isContact) this.removals.stageRequest(changes, userId)
    changes.whenStored(() => this.changed())
  }

  /**
   * Messages behind the newest of these that is unread here stay so: the other device may not have them yet.
   * Of those that are not here, or not unread, nothing follows.
   */
  private async read(changes: TurnChanges, userId: UserId, ids: readonly string[]): Promise<void> {
    const conversation = conversationWith(userId)
    const { unread } = this.chats.record(conversation, changes)
    if (unread === 0) return
    const seen = new Set(ids)
    let newer = 0
    for await (const { id } of receivedMessages(this.core.store, conversation)) {
      if (newer === unread) return
      if (seen.has(id)) return this.chats.stage(changes, conversation, { unread: newer })
      newer += 1
    }
  }

  /** They, and what stands above them, were read at `at`: from then on the time of those that disappear counts. */
  private async expire(
    changes: TurnChanges,
    userId: UserId,
    ids: readonly string[],
    at: number,
  ): Promise<void> {
    const { store } = this.core
    const conversation = conversationWith(userId)
    const found = await Promise.all(ids.map((id) => messagesNamed(store, conversation, id)))
    const read = found.flat().filter(({ sender }) => sender === userId)
    const newest = read.reduce((most, { order }) => Math.max(most, order), -Infinity)
    const known = new Set(ids)
    const above = this.deadlines
      .unread(conversation, changes)
      .filter(({ id, order }) => order < newest && !known.has(id))
    const others = await Promise.all(above.map((one) => findMessage(store, one)))
    for (const message of [...read, ...others.filter((one) => one !== null)]) {
      const timed = this.deadlines.begun(changes, message, at)
      if (timed !== message) this.chats.stageChanged(changes, timed)
    }
  }

  /**
   * The recipient of a copied message, under the copy's key: a contact from now on, unverified. Null if its
   * name or key belongs to somebody else here.
   */
  async recipient(
    changes: TurnChanges,
    about: About,
  ): Promise<{ person: ContactRecord; identity: PublicKey } | null> {
    const { oneself } = this.people
    if (oneself && about.user_id === oneself.userId) {
      return { person: oneself, identity: oneself.identity }
    }
    if (about.identity === undefined) {
      const person = this.people.find(about.user_id, changes)
      return person ? { person, identity: person.identity } : null
    }
    const named = this.named(changes, about)
    if (!named) return null
    const { userId, identity } = named
    const known = this.people.find(userId, changes)
    // The other device has another key: the person decides on this one.
    if (known?.relation !== 'contact') await this.accept(changes, named)
    else if (!equal(known.identity, identity)) await this.keys.stage(changes, userId, identity)
    const person = this.people.find(userId, changes)
    return person ? { person, identity } : null
  }

  /** The person added them there, or accepted their request or their new key. */
  private async accept(changes: TurnChanges, named: Named): Promise<void> {
    const { userId, username, identity } = named
    const known = this.people.find(userId, changes)
    if (known) {
      const accepted: ContactRecord = { ...known, username, relation: 'contact' }
      await this.decide(changes, accepted, identity, false)
    } else {
      this.people.stage(changes, newContact({ ...named, relation: 'contact' }, this.core.now()))
    }
    this.chats.stage(changes, conversationWith(userId), {})
    changes.whenStored(() => this.changed())
  }

  private async verify(
    changes: TurnChanges,
    about: About,
    verified: boolean,
    person: ContactRecord,
  ): Promise<void> {
    const named = this.named(changes, about)
    if (!named || person.relation !== 'contact') return
    if (verified) return this.decide(changes, person, named.identity, true)
    this.people.stage(changes, { ...person, verified: false, verifiedAt: null })
  }

  private async decide(
    changes: TurnChanges,
    before: ContactRecord,
    identity: PublicKey,
    verified: boolean,
  ): Promise<void> {
    const { people, chats, log, held, core } = this
    const renewed = !equal(before.identity, identity)
    // A known change is logged once.
    const proven = verified && !(before.verified && !renewed)
    await stageDecision({ people, chats, log, held, core }, changes, before, identity, proven)
    changes.whenStored(() => this.decided(before.userId, renewed))
  }

  /** Null if the other device's name or key belongs to somebody else here. */
  private named(changes: TurnChanges, about: About): Named | null {
    const { user_id: userId, username = '' } = about
    const identity = parseIdentity(about.identity ?? '')
    if (!identity || !isUsername(username)) return null
    if (!this.people.misfit({ userId, username, identityKey: identity }, false)) {
      return { userId, username, identity }
    }
    this.log.stage(changes, 'answer_refused', { userId, identity })
    return null
  }
}
