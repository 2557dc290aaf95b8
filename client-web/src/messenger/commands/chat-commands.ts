import { messages } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Platform } from '@/platform/platform'
import { textProblem } from '@/text/sendable'
import { fingerprint, identityText } from '@/crypto/identity'
import { blankMessage } from '@/messenger/chats/chats'
import type { Body } from '@/messenger/contents/content'
import { MessengerError } from '@/messenger/contract'
import type { ChatCommands, Message } from '@/messenger/contract'
import { mayWriteTo } from '@/messenger/people/people'
import { replyPreview } from '@/messenger/chats/reply-preview'
import type { Services } from '@/messenger/session/services'
import { withSiblings } from './with-siblings'
import { receiptFile } from '@/messenger/sending/signed-receipts'

export function chatCommands(services: () => Services, platform: Platform): ChatCommands {
  /** The message and its outbox entry are on disk together before anything else happens. */
  function write(to: string, text: string, replyTo?: string): Promise<Message> {
    const { core, people, chats, outbox } = services()
    return core.serial.run(async (turn) => {
      const person = people.get(to)
      if (!mayWriteTo(person)) throw new MessengerError('blocked')
      const problem = textProblem(text)
      if (problem === 'blank') throw new MessengerError('invalid', 'a blank message')
      if (problem === 'too_long') throw new MessengerError('too_long')
      if (problem === 'control') throw new MessengerError('unsendable_text')
      const now = core.now()
      const changes = new TurnChanges(turn)
      changes.remove('drafts', to).whenStored(() => chats.drafts.delete(to))
      const message: Message = {
        ...blankMessage,
        id: crypto.randomUUID(),
        conversation: to,
        direction: 'out',
        status: 'waiting',
        kind: 'text',
        text,
        replyTo: replyTo ? await replyPreview(core, to, replyTo) : null,
        sentAt: now,
        order: chats.nextOrder(changes, to),
        problem: person.changed ? 'identity_changed' : null,
        encryption: {
          origin: 'this_device',
          device: core.account.deviceId,
          startedSession: false,
          fingerprint: fingerprint(person.identity),
          identity: identityText(person.identity),
          verified: person.verified,
        },
      }
      const body: Body = { type: 'text', text, ...(replyTo && { reply_to: replyTo }) }
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
      return message
    })
  }

  return {
    async openConversation(id) {
      services().people.get(id)
      await services().chats.openPage(id)
      services()
        .presence.watch()
        .catch(() => undefined)
      await services().log.tellDamage()
    },
    async closeConversation() {
      services().chats.close()
    },
    loadOlder: (id) => services().chats.loadOlder(id),
    async loadUntil(id, messageId) {
      const { core, chats } = services()
      const wanted = await core.store.message(messages, messageId)
      if (wanted?.conversation !== id) return false
      if (chats.open !== id) await chats.openPage(id)
      while (chats.oldestLoaded > wanted.order) {
        if (!(await chats.loadOlder(id))) return false
      }
      return true
    },
    sendText: (to, text) => write(to, text),
    reply: (to, text, replyTo) => write(to, text, replyTo),
    sendAgain: (id) => services().outbox.sendAgain(id),
    async saveReceipts(id) {
      const message = await services().core.store.message(messages, id)
      if (!message?.signedReceipts?.length) throw new MessengerError('not_found')
      const name = `sealstream-receipt-${id.slice(0, 8)}.json`
      await platform.saveFile(name, receiptFile(message.signedReceipts))
    },
    deleteForMe: (id, ids) =>
      withSiblings(services(), id, { what: 'deleted', ids: [...ids] }, (changes) =>
        services().removals.stageMessages(changes, id, ids),
      ),
    async deleteConversation(id) {
      const { core, removals } = services()
      const [newest] = await core.store.page(messages, id, Infinity, 1)
      const change = { what: 'deleted', upto: newest?.id ?? null } as const
      await withSiblings(services(), id, change, (changes) =>
        removals.stageConversation(changes, id),
      )
    },
    markRead: (id) => services().markRead(id),
    setMuted: (id, muted) =>
      withSiblings(services(), id, { what: 'mute', muted }, (changes) =>
        services().chats.stage(changes, id, { muted }),
      ),
    setArchived: (id, archived) =>
      withSiblings(services(), id, { what: 'archive', archived }, (changes) =>
        services().chats.stage(changes, id, { archived }),
      ),
    saveDraft(id, text) {
      const { core, chats } = services()
      // In turn with sending, which takes the draft away.
      return core.serial.run(async (turn) => {
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
