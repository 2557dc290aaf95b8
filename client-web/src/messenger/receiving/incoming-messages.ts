/** Stores what a content brings into a conversation: a message, shown or kept unshown. Each once. */
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import type { Decrypted } from '@/crypto/engine/engine'
import { fingerprint, identityText } from '@/crypto/contact/contact-code'
import type { IncomingEnvelope } from '@/wire/types'
import type { Amendments } from '@/messenger/chats/amendments'
import type { Chats } from '@/messenger/chats/chats'
import type { Deadlines } from '@/messenger/chats/deadlines'
import { messageTimes } from '@/messenger/chats/message-times'
import { replyPreview } from '@/messenger/chats/reply-preview'
import type { Requests } from '@/messenger/chats/requests'
import { messageRuleOf } from '@/messenger/contents/registry'
import type { Content, UnknownContent } from '@/messenger/contents/registry'
import { conversationWith } from '@/messenger/contract'
import type { ConversationId, UserId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import { findMessage } from '@/messenger/core/kept-messages'
import { filesOf } from '@/messenger/core/file-record'
import { blankMessage, isHere, isShown, newRecipient } from '@/messenger/core/message-record'
import type { EncryptionRecord, MessageRecord } from '@/messenger/core/message-record'
import type { ContactRecord } from '@/messenger/core/records'
import type { TurnChanges } from '@/messenger/core/serial'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import type { Receipts } from '@/messenger/sending/receipts'

export type Incoming = Content | UnknownContent

interface Place {
  /** Kept for it since it could not be read; absent: it is the newest. */
  readonly order?: number | undefined
  readonly sender: UserId | null
  readonly conversation: ConversationId
  readonly encryption: EncryptionRecord | null
}

export class IncomingMessages {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly receipts: Receipts,
    private readonly requests: Requests,
    private readonly amendments: Amendments,
    private readonly deadlines: Deadlines,
  ) {}

  /** `order`: the place kept for it. True: it is in the conversation now. */
  async stageReceived(
    changes: TurnChanges,
    person: ContactRecord,
    { from, at }: IncomingEnvelope,
    { used, identityKey, version }: Decrypted,
    content: Incoming,
    order?: number,
  ): Promise<boolean> {
    const { userId, verified } = person
    const conversation = conversationWith(userId)
    const encryption: EncryptionRecord = {
      origin: 'contact',
      device: from.device_id,
      startedSession: used !== null,
      ...keyOf(identityKey),
      verified,
      postQuantum: version === 4,
    }
    const place = { sender: userId, conversation, encryption, order }
    const message = await this.message(changes, place, content, at)
    if (!message) return false
    if (!isShown(message)) {
      this.chats.stageUnshown(changes, message)
      return true
    }
    // A declined person who writes again asks again.
    const asks = person.relation === 'hidden'
    if (asks) this.people.stage(changes, { ...person, relation: 'request' })
    const notifies = messageRuleOf(content)?.notifies ?? false
    this.chats.stageNew(changes, message, notifies, at)
    this.deadlines.stageReceived(changes, message)
    if (mayWriteTo(person)) this.receipts.stage(changes, userId, 'delivered', [content.id])
    changes.whenStored(() => {
      this.chats.setTyping(conversation, false)
      this.requests.show()
    })
    return true
  }

  /** A copy of a message that another device of this account sent under the key `identity`. */
  async stageCopy(
    changes: TurnChanges,
    person: ContactRecord,
    identity: PublicKey,
    { from, at }: IncomingEnvelope,
    content: Incoming,
  ): Promise<void> {
    const { userId } = person
    const encryption: EncryptionRecord = {
      origin: 'own_device',
      device: from.device_id,
      startedSession: false,
      ...keyOf(identity),
      verified: person.verified && equal(identity, person.identity),
    }
    const place = { sender: null, conversation: conversationWith(userId), encryption }
    const message = await this.message(changes, place, content, at)
    // From a history in which it waited to be sent.
    if (!message) return this.chats.stageStatus(changes, userId, [content.id], 'accepted', at)
    const recipients = [newRecipient(userId, { status: 'accepted', acceptedAt: at })]
    // Off line all the while, this device never shows it.
    if (message.expiry && at + message.expiry.seconds * 1000 <= this.deadlines.now()) return
    const timed = this.deadlines.begun(changes, { ...message, recipients }, at)
    this.chats.stageNew(changes, timed, false, at)
  }

  /** From another device of this account, shown nowhere. */
  async stageUnshownCopy(
    changes: TurnChanges,
    conversation: ConversationId,
    { at }: IncomingEnvelope,
    content: Incoming,
  ): Promise<void> {
    const place = { sender: null, conversation, encryption: null }
    const message = await this.message(changes, place, content, at)
    if (message) this.chats.stageUnshown(changes, message)
  }

  /**
   * Null for a content that no conversation shows, and for a message that is here already: from a restored
   * history, or from a call repeated an hour later.
   */
  private async message(
    changes: TurnChanges,
    { sender, conversation, encryption, order }: Place,
    content: Incoming,
    at: number,
  ): Promise<MessageRecord | null> {
    const { id } = content
    const rule = messageRuleOf(content)
    const known = await findMessage(this.core.store, { sender, id })
    if (!rule || (known && isHere(known))) return null
    const answered = rule.answers?.(content)
    const seconds = rule.expires?.(content)
    const message: MessageRecord = {
      ...blankMessage,
      id,
      sender,
      conversation,
      kind: rule.kind,
      text: rule.preview(content),
      ...filesOf(rule.files?.(content)),
      replyTo: answered ? await replyPreview(this.core, conversation, answered) : null,
      ...messageTimes(content.sent_at, at),
      order: order ?? known?.order ?? this.chats.nextOrder(changes, conversation),
      encryption,
      ...(seconds !== undefined && { expiry: { seconds, at: null } }),
      ...(content.type === 'unknown' && {
        unknown: { named: content.named, silent: content.silent, bytes: content.bytes },
      }),
    }
    return this.amendments.stageArrived(changes, message)
  }
}

const keyOf = (identity: PublicKey): { fingerprint: string; identity: string } => ({
  fingerprint: fingerprint(identity),
  identity: identityText(identity),
})
