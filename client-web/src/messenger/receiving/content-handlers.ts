/** What a decrypted content changes, by its type. Everything lands in the caller's transaction. */
import { countLists, messages } from '@/messenger/core/stored-records'
import type { TurnChanges } from '@/messenger/core/serial'
import type { Decrypted } from '@/crypto/engine'
import { equal } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { fingerprint, identityText } from '@/crypto/identity'
import type { IncomingEnvelope } from '@/wire/types'
import { blankMessage } from '@/messenger/chats/chats'
import type { Chats } from '@/messenger/chats/chats'
import type { Content, UnknownContent } from '@/messenger/contents/content'
import type { Core } from '@/messenger/core/core'
import type { Message } from '@/messenger/contract'
import { messageTimes } from '@/messenger/chats/message-times'
import { readCount, removedKey } from '@/messenger/core/counter-table'
import { checkCounter, counterKey, missedTexts, readCounter } from './counters'
import { mayWriteTo, newContact } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import type { Receipts } from '@/messenger/sending/receipts'
import type { ContactRecord } from '@/messenger/core/records'
import { replyPreview } from '@/messenger/chats/reply-preview'
import type { Requests } from '@/messenger/chats/requests'
import type { SecurityLog } from '@/messenger/keys/security-log'
import type { SyncHandler } from './sync-handler'

type Incoming = Content | UnknownContent

/** Contents in which the time counts that the writer's clock said. */
const BY_THE_WRITER: ReadonlySet<Incoming['type']> = new Set(['text', 'unknown', 'sync'])

export class ContentHandlers {
  /** Told when another of one's own devices wrote, and what it calls itself. */
  sibling: (device: number, name: string | null) => void = () => undefined

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly receipts: Receipts,
    private readonly requests: Requests,
    private readonly log: SecurityLog,
    private readonly sync: SyncHandler,
  ) {}

  async stage(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    decrypted: Decrypted,
    received: Incoming,
  ): Promise<void> {
    const { user_id: userId, device_id: device } = envelope.from
    // Of a receipt only the time counts that is shown.
    const { sentAt } = messageTimes(received.sent_at, envelope.at)
    const content = BY_THE_WRITER.has(received.type) ? received : { ...received, sent_at: sentAt }
    if (content.type !== 'typing' && !(await this.count(changes, envelope, content))) {
      // Its first message was here before: the session that it begins again is not taken.
      if (decrypted.startedSession) throw new CryptoError('duplicate')
      return this.log.stage(changes, 'replay_refused', { userId, device })
    }
    if (userId === this.core.account.userId) {
      await this.fromOwnDevice(changes, envelope, content)
      const name = content.type === 'hello' ? (content.device ?? null) : null
      changes.whenStored(() => this.sibling(device, name))
    } else {
      const person = this.personOf(changes, content, decrypted)
      await this.fromPerson(changes, person, envelope, decrypted, content)
    }
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
      const isText = content.type === 'text' || content.type === 'unknown'
      const count = missedTexts(before, { m, isText }, checked.skipped)
      const gap = { type: 'gap', count } as const
      if (count > 0) this.chats.stageNotice(changes, person.userId, gap)
    }
    return true
  }

  private async fromPerson(
    changes: TurnChanges,
    person: ContactRecord,
    envelope: IncomingEnvelope,
    decrypted: Decrypted,
    content: Incoming,
  ): Promise<void> {
    // The ratchet went on, so that unblocking finds a working session; nothing else is kept.
    if (person.blocked) return
    switch (content.type) {
      case 'text':
      case 'unknown':
        return this.text(changes, person, envelope, decrypted, content)
      case 'delivered':
      case 'read':
        if (!mayWriteTo(person)) return
        return this.chats.stageStatus(
          changes,
          person.userId,
          content.ids,
          // Who does not tell is not told.
          this.core.settings.readReceipts ? content.type : 'delivered',
          content.sent_at,
        )
      default:
        return
    }
  }

  private async text(
    changes: TurnChanges,
    person: ContactRecord,
    envelope: IncomingEnvelope,
    decrypted: Decrypted,
    content: Extract<Incoming, { type: 'text' | 'unknown' }>,
  ): Promise<void> {
    const id = await this.idFor(content.id, person.userId, 'in')
    if (!id) return
    const text = content.type === 'text' ? content.text : ''
    const replyTo = content.type === 'text' ? content.reply_to : undefined
    const message: Message = {
      ...blankMessage,
      id,
      conversation: person.userId,
      kind: content.type === 'text' ? 'text' : 'unsupported',
      text,
      replyTo: replyTo ? await replyPreview(this.core, person.userId, replyTo) : null,
      ...messageTimes(content.sent_at, envelope.at),
      order: this.chats.nextOrder(changes, person.userId),
      encryption: {
        origin: 'contact',
        device: envelope.from.device_id,
        startedSession: decrypted.startedSession,
        fingerprint: fingerprint(decrypted.identityKey),
        identity: identityText(decrypted.identityKey),
        verified: person.verified,
      },
    }
    // A declined person who writes again asks again.
    const asks = person.relation === 'hidden'
    if (asks) this.people.stage(changes, { ...person, relation: 'request' })
    this.chats.stageNew(changes, message, true, envelope.at)
    if (mayWriteTo(person)) {
      this.receipts.stage(changes, person.userId, 'delivered', [content.id])
    }
    changes.whenStored(() => {
      this.chats.setTyping(person.userId, false)
      this.requests.show()
    })
  }

  /**
   * Null when this very message is here already, by another road (a restored history, a repeated
   * call an hour later). The relay sees ids before they arrive: a message under the id of another
   * sender's must not make that one look known, so it gets an id of its own.
   */
  private async idFor(
    id: string,
    conversation: string,
    direction: Message['direction'],
  ): Promise<string | null> {
    const held = await this.core.store.message(messages, id)
    if (!held) return id
    const same = held.conversation === conversation && held.direction === direction
    return same ? null : crypto.randomUUID()
  }

  /** What another device of this account wrote, or changed. */
  private async fromOwnDevice(
    changes: TurnChanges,
    { from, at }: IncomingEnvelope,
    content: Incoming,
  ): Promise<void> {
    if (content.type === 'sync') return this.sync.stage(changes, content, from.device_id, at)
    if (content.type !== 'text' || !content.for) return
    const copied = await this.sync.recipient(changes, content.for)
    if (!copied) return
    const { person, identity } = copied
    const id = await this.idFor(content.id, person.userId, 'out')
    if (!id) return
    const { reply_to: replyTo } = content
    const message: Message = {
      ...blankMessage,
      id,
      conversation: person.userId,
      direction: 'out',
      status: 'accepted',
      kind: 'text',
      text: content.text,
      replyTo: replyTo ? await replyPreview(this.core, person.userId, replyTo) : null,
      ...messageTimes(content.sent_at, at),
      acceptedAt: at,
      order: this.chats.nextOrder(changes, person.userId),
      encryption: {
        origin: 'own_device',
        device: from.device_id,
        startedSession: false,
        fingerprint: fingerprint(identity),
        identity: identityText(identity),
        verified: person.verified && equal(identity, person.identity),
      },
    }
    this.chats.stageNew(changes, message, false, at)
  }
}
