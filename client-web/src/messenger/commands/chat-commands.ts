import { findMessage, shownPage } from '@/messenger/core/kept-messages'
import { parseRefKey } from '@/messenger/core/message-record'
import type { MessageRecord, MessageRef } from '@/messenger/core/message-record'
import { TurnChanges } from '@/messenger/core/serial'
import type { Platform } from '@/platform/platform'
import { MessengerError, personIn } from '@/messenger/contract'
import type { ChatCommands, ConversationId, Message, MessageId } from '@/messenger/contract'
import type { Services } from '@/messenger/session/services'
import { lateCommands } from './late-commands'
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

  const write = (id: ConversationId, text: string, replyTo?: MessageId): Promise<Message> =>
    services().core.serial.run((turn) => services().write(new TurnChanges(turn), id, text, replyTo))

  return {
    ...lateCommands<Pick<ChatCommands, 'edit' | 'deleteForAll' | 'react'>>(
      { edit: true, deleteForAll: true, react: true },
      async () => (await import('./amending-commands')).amendingCommands(services),
    ),
    ...lateCommands<Pick<ChatCommands, 'setTimer'>>({ setTimer: true }, async () =>
      (await import('./timer-commands')).timerCommands(services),
    ),
    async openConversation(id) {
      if (!services().people.inConversation(id)) throw new MessengerError('not_found')
      await services().chats.openChat.open(id)
      services()
        .presence.watch()
        .catch(() => undefined)
      await services().log.logDamage()
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
      return openChat.loadBackTo(id, wanted.order)
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
        removals.stageConversation(changes, id, newest ?? null),
      )
    },
    markRead: (id) => services().readMarks.markRead(id),
    markUnread: (id) =>
      services().core.serial.run(async (turn) => {
        const changes = new TurnChanges(turn)
        services().chats.stage(changes, id, { markedUnread: true })
        await services().core.store.commit(changes)
      }),
    setMuted(id, muted, until) {
      const change = { what: 'mute' as const, muted, ...(until !== undefined && { until }) }
      return withSiblings(services(), personIn(id), change, (changes) =>
        services().chats.stage(changes, id, { muted, mutedUntil: until ?? null }),
      )
    },
    setPinned: (id, pinned) =>
      withSiblings(services(), personIn(id), { what: 'pin', pinned }, (changes) =>
        services().chats.stage(changes, id, { pinned }),
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
    searchIn: (id, text, part) => services().search.searchIn(id, text, part),
    firstMessageSince: (id, at) => services().search.firstSince(id, at),
  }
}
