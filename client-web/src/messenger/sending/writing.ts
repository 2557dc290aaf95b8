import { fingerprint, identityText } from '@/crypto/contact/contact-code'
import { quoteOf } from '@/messenger/chats/reply-preview'
import { aboutOf } from '@/messenger/contents/about'
import type { Body } from '@/messenger/contents/registry'
import { MessengerError } from '@/messenger/contract'
import type { ConversationId, Message, MessageId } from '@/messenger/contract'
import type { Deadlines } from '@/messenger/chats/deadlines'
import type { Timers } from '@/messenger/chats/timers'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import { fileIdOf } from '@/messenger/core/file-record'
import type { FileRecord } from '@/messenger/core/file-record'
import { findMessage } from '@/messenger/core/kept-messages'
import { blankMessage, newRecipient, parseRefKey } from '@/messenger/core/message-record'
import type { MessageRecord, ReplyRecord } from '@/messenger/core/message-record'
import type { TurnChanges } from '@/messenger/core/serial'
import { shownMessage } from '@/messenger/core/shown-message'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import { checkText } from './checked-text'
import type { Outbox } from './outbox'
import type { SiblingSync } from './sibling-sync'

export interface Writing {
  readonly core: Core
  readonly people: People
  readonly chats: Chats
  readonly outbox: Outbox
  readonly sync: SiblingSync
  readonly timers: Timers
  readonly deadlines: Deadlines
}

/** What the person wrote, committed; the conversation's draft goes with it, unless files were sent. */
export async function writeText(
  writing: Writing,
  changes: TurnChanges,
  id: ConversationId,
  ...rest: Rest
): Promise<Message> {
  const { core, chats } = writing
  const [, , files = []] = rest
  const message = await stageText(writing, changes, id, ...rest)
  if (files.length === 0) changes.remove('drafts', id).whenStored(() => chats.drafts.delete(id))
  await core.store.commit(changes)
  return message
}

type Rest = [text: string, replyTo?: MessageId, files?: readonly FileRecord[]]

/**
 * The message and its outbox entry are on disk together before anything else happens. With `files`, which are sealed
 * on this device, the text may be empty.
 */
export async function stageText(
  { core, people, chats, outbox, sync, timers, deadlines }: Writing,
  changes: TurnChanges,
  id: ConversationId,
  text: string,
  replyTo?: MessageId,
  files: readonly FileRecord[] = [],
): Promise<Message> {
  const person = people.inConversation(id)
  if (!person) throw new MessengerError('not_found', 'no such contact')
  if (!mayWriteTo(person)) throw new MessengerError('blocked')
  checkText(text, files.length > 0)
  const now = core.now()
  const { userId: to } = person
  const isNote = to === core.account.userId
  const noted = newRecipient(to, { status: 'accepted', acceptedAt: now })
  const answered = replyTo ? await quote(core, id, replyTo) : null
  const seconds = timers.seconds(id)
  const written: MessageRecord = {
    ...blankMessage,
    id: crypto.randomUUID(),
    conversation: id,
    kind: 'text',
    text,
    replyTo: answered,
    sentAt: now,
    order: chats.nextOrder(changes, id),
    recipients: [
      isNote ? noted : newRecipient(to, { problem: person.changed ? 'identity_changed' : null }),
    ],
    encryption: {
      origin: 'this_device',
      device: core.account.deviceId,
      startedSession: false,
      fingerprint: fingerprint(person.identity),
      identity: identityText(person.identity),
      verified: person.verified,
    },
    ...(files.length > 0 && { files }),
    ...(seconds > 0 && { expiry: { seconds, at: null } }),
  }
  // A note has arrived.
  const message = isNote ? deadlines.begun(changes, written, deadlines.now()) : written
  const body: Body = {
    type: 'text',
    text,
    ...(answered && { reply_to: answered.id }),
    ...(seconds > 0 && { expires_in: seconds }),
  }
  chats.stageNew(changes, message, false)
  const { conversation, order } = message
  // A note is kept here, and goes to one's other devices alone.
  if (!isNote || !sync.alone) {
    outbox.stage(changes, {
      to,
      contentId: message.id,
      body: isNote ? { ...body, for: aboutOf(person) } : body,
      sentAt: now,
      message: isNote ? null : { conversation, order },
      ...(files.length > 0 && { uploads: files.map(fileIdOf) }),
    })
  }
  return shownMessage(message)
}

/** What is written, apart from by whom. */
export type Written = Parameters<typeof writeText> extends [unknown, ...infer Rest] ? Rest : never

/** What a reply quotes; deleted meanwhile, it is named all the same. */
async function quote(
  core: Core,
  conversation: ConversationId,
  id: MessageId,
): Promise<ReplyRecord> {
  const ref = parseRefKey(id)
  if (!ref) throw new MessengerError('gone')
  const message = await findMessage(core.store, ref)
  if (message?.conversation === conversation) return quoteOf(message)
  return { ...ref, known: false, excerpt: '' }
}
