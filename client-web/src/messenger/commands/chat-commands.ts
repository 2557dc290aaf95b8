import { findMessage, shownPage } from '@/messenger/core/kept-messages'
import { blankMessage, newRecipient, parseRefKey } from '@/messenger/core/message-record'
import type { MessageRecord, MessageRef, ReplyRecord } from '@/messenger/core/message-record'
import { shownMessage } from '@/messenger/core/shown-message'
import { TurnChanges } from '@/messenger/core/serial'
import type { Platform } from '@/platform/platform'
import { fingerprint, identityText } from '@/crypto/contact/contact-code'
import type { Body } from '@/messenger/contents/registry'
import { MessengerError, personIn } from '@/messenger/contract'
import type { ChatCommands, ConversationId, Message, MessageId } from '@/messenger/contract'
import { mayWriteTo } from '@/messenger/people/people'
import { quoteOf } from '@/messenger/chats/reply-preview'
import type { Services } from '@/messenger/session/services'
import { amendingCommands } from './amending-commands'
import { checkText } from './checked-text'
import { withSiblings } from './with-siblings'
import { receiptFile } from '@/messenger/sending/signed-receipts'

export function chatCommands(services: () => Services, platform: Platform): ChatCommands {
  /** @throws MessengerError `not_found` for what no view was given */
  function refOf(id: MessageId): MessageRef {
    const ref = parseRefKey(id)
    if (!ref) throw new MessengerError('not_found')
    return ref
  }

  const find = (id: MessageId): Promise<MessageRecord | null> =>
    findMessage(services().core.store, refOf(id))

  /** What a reply quotes; deleted meanwhile, it is named all the same. */
  async function quote(conversation: ConversationId, ref: MessageRef): Promise<ReplyRecord> {
    const message = await findMessage(services().core.store, ref)
    if (message?.conversation === conversation) return quoteOf(message)
    return { ...ref, known: false, excerpt: '' }
  }

  /** The message and its outbox entry are on disk together before anything else happens. */
  function write(id: ConversationId, text: string, replyTo?: MessageId): Promise<Message> {
    const { core, people, chats, outbox } = services()
    return core.serial.run(async (turn) => {
      const person = people.inConversation(id)
      if (!person) throw new MessengerError('not_found', 'no such contact')
      if (!mayWriteTo(person)) throw new MessengerError('blocked')
      checkText(text)
      const now = core.now()
      const { userId: to } = person
      const changes = new TurnChanges(turn)
      changes.remove('drafts', id).whenStored(() => chats.drafts.delete(id))
      const answered = replyTo ? await quote(id, refOf(replyTo)) : null
      const message: MessageRecord = {
        ...blankMessage,
        id: crypto.randomUUID(),
        conversation: id,
        kind: 'text',
        text,
        replyTo: answered,
        sentAt: now,
        order: chats.nextOrder(changes, id),
        recipients: [newRecipient(to, { problem: person.changed ? 'identity_changed' : null })],
        encryption: {
          origin: 'this_device',
          device: core.account.deviceId,
          startedSession: false,
          fingerprint: fingerprint(person.identity),
          identity: identityText(person.identity),
          verified: person.verified,
        },
      }
      const body: Body = { type: 'text', text, ...(answered && { reply_to: answered.id }) }
      chats.stageNew(changes, message, false)
      const { conversation, order } = message
      outbox.stage(changes, {
        to,
        contentId: message.id,
        body,
        sentAt: now,
        message: { conversation, order },
      })
      await core.store.commit(changes)
      return shownMessage(message)
    })
  }

  return {
    ...amendingCommands(services),
    async openConversation(id) {
      if (!services().people.inConversation(id)) throw new MessengerError('not_found')
      await services().chats.openChat.open(id)
      services()
        .presence.watch()
        .catch(() => undefined)
      await services().log.tellDamage()
    },
    async closeConversation() {
      services().chats.openChat.close()
    },
    loadOlder: (id) => services().chats.openChat.loadOlder(id),
    async loadUntil(id, messageId) {
      const { openChat } = services().chats
      const wanted = await find(messageId)
      if (wanted?.conversation !== id) return false
      if (openChat.id !== id) await openChat.open(id)
      while (openChat.oldestLoaded > wanted.order) {
        if (!(await openChat.loadOlder(id))) return false
      }
      return true
    },
    sendText: (id, text) => write(id, text),
    reply: (id, text, replyTo) => write(id, text, replyTo),
    sendAgain: async (id) => services().outbox.sendAgain(refOf(id).id),
    async saveReceipts(id) {
      const message = await find(id)
      if (!message?.signedReceipts?.length) throw new MessengerError('not_found')
      const name = `sealstream-receipt-${message.id.slice(0, 8)}.json`
      await platform.saveFile(name, receiptFile(message.signedReceipts))
    },
    async deleteForMe(id, ids) {
      const refs = ids.map(refOf)
      const change = {
        what: 'deleted' as const,
        ids: refs.map((ref) => ref.id),
        mine: refs.map(({ sender }) => sender === null),
      }
      await withSiblings(services(), personIn(id), change, (changes) =>
        services().removals.stageMessages(changes, id, refs),
      )
    },
    async deleteConversation(id) {
      const { core, removals } = services()
      const [newest] = await shownPage(core.store, id, Infinity, 1)
      const change = { what: 'deleted', upto: newest?.id ?? null } as const
      await withSiblings(services(), personIn(id), change, (changes) =>
        removals.stageConversation(changes, id),
      )
    },
    markRead: (id) => services().markRead(id),
    setMuted: (id, muted) =>
      withSiblings(services(), personIn(id), { what: 'mute', muted }, (changes) =>
        services().chats.stage(changes, id, { muted }),
      ),
    setArchived: (id, archived) =>
      withSiblings(services(), personIn(id), { what: 'archive', archived }, (changes) =>
        services().chats.stage(changes, id, { archived }),
      ),
    saveDraft(id, text) {
      const { core, chats } = services()
      const existed = chats.has(id)
      // In turn with sending, which takes the draft away, and with deleting the conversation.
      return core.serial.run(async (turn) => {
        if (existed && !chats.has(id)) return
        const changes = new TurnChanges(turn)
        if (text === '') changes.remove('drafts', id)
        else changes.put('drafts', id, { id, text })
        changes.whenStored(() => {
          if (text === '') chats.drafts.delete(id)
          else chats.drafts.set(id, text)
          chats.show(id)
        })
        await core.store.commit(changes)
      })
    },
    setInSight(ids) {
      Promise.resolve()
        .then(() => services().presence.setInSight(ids))
        .catch(() => undefined)
    },
    setTyping(id, active) {
      Promise.resolve()
        .then(() => services().presence.typing(id, active))
        .catch(() => undefined)
    },
    search: (text, limit = 100, part) => services().search.search(text, limit, part),
  }
}
