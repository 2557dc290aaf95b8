/**
 * Passes a decrypted content to its type's handler, with the effects it may have. All changes land in
 * the caller's transaction.
 */
import { countLists } from '@/messenger/core/stored-records'
import type { TurnChanges } from '@/messenger/core/serial'
import type { Decrypted } from '@/crypto/engine/engine'
import { CryptoError } from '@/crypto/errors'
import type { IncomingEnvelope } from '@/wire/types'
import type { Chats } from '@/messenger/chats/chats'
import type { OwnDeviceEffects, PersonEffects } from '@/messenger/contents/effects'
import { isMessage, typeOf } from '@/messenger/contents/registry'
import type { Core } from '@/messenger/core/core'
import { messageTimes } from '@/messenger/chats/message-times'
import { readCount, removedKey } from '@/messenger/core/counter-table'
import { checkCounter, counterKey, missedTexts, readCounter } from './counters'
import type { Incoming, IncomingMessages } from './incoming-messages'
import { mayWriteTo, newContact } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import type { ContactRecord } from '@/messenger/core/records'
import type { KemMemory } from '@/messenger/keys/kem-memory'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import type { SiblingChanges } from './sibling-changes'
import type { Awaited } from './awaited'
import type { DecryptionFailures } from './decryption-failures'
import type { Resends } from './resends'
import type { SaidAbout } from './said-about'
import type { TimerChanges } from './timer-changes'
import type { AnsweringEffects } from '@/messenger/contents/effects'
import type { AwaitedRecord } from '@/messenger/core/content-records'

/** A content that was asked for again. */
interface Answer {
  readonly awaited: AwaitedRecord
  /** The message that stands in the place kept for it. */
  placed: string | null
}

export class ContentHandlers {
  /** Told when another of one's own devices wrote, and what it calls itself. */
  sibling: (device: number, name: string | null) => void = () => undefined
  /** Told when a device with KEM prekeys wrote in a session of version 3. */
  olderSession: (userId: UserId, device: number) => void = () => undefined

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly messages: IncomingMessages,
    private readonly shared: SiblingChanges,
    private readonly memory: KemMemory,
    private readonly awaited: Awaited,
    private readonly resends: Resends,
    private readonly failures: DecryptionFailures,
    private readonly said: SaidAbout,
    private readonly timers: TimerChanges,
  ) {}

  async stage(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    decrypted: Decrypted,
    received: Incoming,
  ): Promise<void> {
    const { user_id: userId, device_id: device } = envelope.from
    const type = typeOf(received)
    const content =
      type.clock === 'writer' ? received : { ...received, sent_at: dateOf(received, envelope) }
    const { again, id } = content
    const asked =
      again === undefined ? undefined : this.awaited.find(userId, device, again, changes)
    const named = again === id ? undefined : this.awaited.find(userId, device, id, changes)
    // Another device of this account asked for it.
    if (again !== undefined && !asked && !named) return
    // The answer to a request may have got lost as well: the first place counts.
    const awaited = named ?? asked
    const answer = awaited ? { awaited, placed: null } : null
    // A number that was here before is no repetition of what is asked for: the other device went back to an earlier
    // state and used it again.
    if (!type.ephemeral && !(await this.count(changes, envelope, content)) && !answer) {
      // Its first message was here before: the session that it begins again is not taken.
      if (decrypted.used) throw new CryptoError('duplicate')
      return this.failures.stageRepeated(changes, envelope, 'replay')
    }
    await this.apply(changes, envelope, decrypted, content, answer)
    if (answer) await this.awaited.stageCame(changes, answer.awaited, answer.placed)
    if (asked && asked !== awaited) await this.awaited.stageCame(changes, asked, null)
  }

  private async apply(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    decrypted: Decrypted,
    content: Incoming,
    answer: Answer | null,
  ): Promise<void> {
    const { user_id: userId, device_id: device } = envelope.from
    const type = typeOf(content)
    const about = { content, device, at: envelope.at }
    const speaksFour = decrypted.version === 4 || content.from.pq === 1
    if (userId === this.core.account.userId) {
      if (speaksFour) this.seenKem(changes, userId, device, decrypted)
      await type.fromOwnDevice?.(this.ownDevice(changes, envelope, decrypted, content), about)
      const name = content.type === 'hello' ? (content.device ?? null) : null
      changes.whenStored(() => this.sibling(device, name))
    } else {
      this.personOf(changes, content, decrypted)
      if (speaksFour) this.seenKem(changes, userId, device, decrypted)
      const person = this.personOf(changes, content, decrypted)
      // The ratchet went on, so that unblocking finds a working session; nothing else is kept.
      if (person.blocked) return
      const effects = this.person(changes, person, envelope, decrypted, content, answer)
      await type.fromPerson?.(effects, about)
    }
  }

  /** The sending device has KEM prekeys; where it still writes in version 3, a session of version 4 begins. */
  private seenKem(
    changes: TurnChanges,
    userId: UserId,
    device: number,
    { version }: Decrypted,
  ): void {
    this.memory.stage(changes, userId, device)
    const person = this.people.find(userId, changes)
    const mayWrite = person === undefined || (mayWriteTo(person) && !person.changed)
    if (version === 3 && mayWrite) changes.whenStored(() => this.olderSession(userId, device))
  }

  /** Whoever writes first is pinned, as a request. */
  private personOf(
    changes: TurnChanges,
    content: Incoming,
    { identityKey }: Decrypted,
  ): ContactRecord {
    const { user_id: userId, username } = content.from
    const known = this.people.find(userId, changes)
    if (known) return known
    const fields = { userId, username, identity: identityKey, relation: 'request' as const }
    const stranger = newContact(fields, this.core.now())
    this.people.stage(changes, stranger)
    return stranger
  }

  /** Notes the content's number. False for one that has been here before. */
  private async count(
    changes: TurnChanges,
    { from }: IncomingEnvelope,
    content: Incoming,
  ): Promise<boolean> {
    const { store, account } = this.core
    const person = this.people.find(from.user_id, changes)
    const before = await readCounter(store, from.user_id, from.device_id)
    const checked = checkCounter(
      before,
      content.n,
      account.joined || from.user_id === account.userId,
    )
    if (checked.type === 'replay') return false
    const { m } = content
    const newest = checked.type === 'new' && m !== undefined ? { texts: m } : {}
    const counted = { ...checked.record, ...newest }
    changes.put('counters', counterKey(from.user_id, from.device_id), counted)
    const removed = await readCount(store, countLists, removedKey(from.user_id), null)
    const returns = removed !== null && !removed.includes(from.device_id)
    if (returns) {
      changes.put('counters', removedKey(from.user_id), [...removed, from.device_id])
    } else if (checked.type === 'new' && person?.relation === 'contact') {
      const missed = missedTexts(before, { m, isText: isMessage(content) }, checked.skipped)
      const count = this.awaited.stageCounted(changes, from.user_id, from.device_id, missed)
      const gap = { type: 'gap', count } as const
      if (count > 0) this.chats.stageNotice(changes, conversationWith(person.userId), gap)
    }
    return true
  }

  private person(
    changes: TurnChanges,
    person: ContactRecord,
    envelope: IncomingEnvelope,
    decrypted: Decrypted,
    content: Incoming,
    answer: Answer | null,
  ): PersonEffects {
    const add = async (): Promise<void> => {
      const order = answer?.awaited.place?.order
      const args = [changes, person, envelope, decrypted, content, order] as const
      const isPlaced = await this.messages.stageReceived(...args)
      if (answer && isPlaced) answer.placed = content.id
    }
    return {
      ...this.answering(changes, envelope, decrypted),
      ...this.said.byPerson(changes, person.userId, envelope, content),
      ...this.timers.byPerson(changes, envelope, content),
      addMessage: add,
      keepUnshown: add,
      confirm: async (status, ids) => {
        if (!mayWriteTo(person)) return
        // A person who sends no read receipts sees none.
        const shown = this.core.settings.readReceipts ? status : 'delivered'
        await this.said.confirm(changes, person.userId, ids, shown, content.sent_at)
      },
    }
  }

  private answering(
    changes: TurnChanges,
    { from }: IncomingEnvelope,
    { used }: Decrypted,
  ): AnsweringEffects {
    const { user_id: userId, device_id: device } = from
    return {
      sendAgain: async (envelopes, asked) => {
        const asking = { userId, device, envelopes, asked, fresh: used !== null }
        changes.whenStored(() => this.resends.answer(asking))
      },
      cannotSendAgain: async (gone, notSent) => {
        for (const id of gone) {
          const record = this.awaited.find(userId, device, id, changes)
          if (record) await this.awaited.stageLost(changes, record)
        }
        for (const id of notSent) {
          const record = this.awaited.find(userId, device, id, changes)
          if (!record) continue
          await this.awaited.stageCame(changes, record, null)
          // A message is missing, then, and it was none of these.
          if (record.counted) await this.chats.stageMissing(changes, conversationWith(userId))
        }
      },
    }
  }

  /** Of what another device of this account wrote, or changed. */
  private ownDevice(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    decrypted: Decrypted,
    content: Incoming,
  ): OwnDeviceEffects {
    return {
      ...this.answering(changes, envelope, decrypted),
      ...this.said.byOwnDevice(changes, envelope, content),
      ...this.timers.byOwnDevice(changes, envelope, content),
      addCopy: async (about) => {
        const copied = await this.shared.recipient(changes, about)
        if (!copied) return
        const { person, identity } = copied
        await this.messages.stageCopy(changes, person, identity, envelope, content)
      },
      keepUnshown: async (about) => {
        const person = about && this.people.find(about.user_id, changes)
        const conversation = conversationWith(person?.userId ?? this.core.account.userId)
        await this.messages.stageUnshownCopy(changes, conversation, envelope, content)
      },
      changing: async () =>
        content.type === 'sync' ? this.shared.of(changes, content, envelope) : null,
    }
  }
}

/** By the relay's clock. In a copy, and where it is sent again, the sender has named that date. */
function dateOf({ sent_at: sentAt, again, ...content }: Incoming, { from, at }: IncomingEnvelope) {
  const about = 'for' in content ? content.for?.user_id : undefined
  const isCopy = about !== undefined && about !== from.user_id
  if (again !== undefined || isCopy) return Math.min(sentAt, at)
  return messageTimes(sentAt, at).sentAt
}
