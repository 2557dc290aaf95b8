import { contactCode, identityText } from '@/crypto/contact/contact-code'
import type { Chats } from './chats'
import type { Core } from '@/messenger/core/core'
import type { People } from '@/messenger/people/people'
import { conversationWith } from '@/messenger/contract'
import type { MessageRequest } from '@/messenger/contract'
import { shownMessage } from '@/messenger/core/shown-message'

/** Message requests, newest first: people who wrote and wait for an answer. */
export class Requests {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
  ) {}

  show(): void {
    const requests = [...this.people.all.values()].flatMap((person): MessageRequest[] => {
      const { userId, username, identity, relation, blocked } = person
      const { last, activeAt, unread } = this.chats.record(conversationWith(userId))
      if (relation !== 'request' || blocked || !last) return []
      const code = contactCode(username, identity)
      const known = { userId, username, code, identity: identityText(identity) }
      return [{ ...known, receivedAt: activeAt, count: unread, last: shownMessage(last) }]
    })
    this.core.view.requests(requests.sort((a, b) => b.receivedAt - a.receivedAt))
  }
}
