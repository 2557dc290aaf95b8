import { contactCode, identityText } from '@/crypto/identity'
import type { Chats } from './chats'
import type { Core } from '@/messenger/core/core'
import type { People } from '@/messenger/people/people'
import { conversationWith } from '@/messenger/contract'

/** Message requests, newest first: people who wrote and wait for an answer. */
export class Requests {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
  ) {}

  show(): void {
    const waiting = [...this.people.all.values()].filter(
      (person) =>
        person.relation === 'request' &&
        !person.blocked &&
        this.chats.record(conversationWith(person.userId)).last !== null,
    )
    const requests = waiting.map((person) => {
      const chat = this.chats.record(conversationWith(person.userId))
      return {
        userId: person.userId,
        username: person.username,
        code: contactCode(person.username, person.identity),
        identity: identityText(person.identity),
        receivedAt: chat.activeAt,
        count: chat.unread,
        preview: chat.last?.text ?? '',
      }
    })
    this.core.view.requests(requests.sort((a, b) => b.receivedAt - a.receivedAt))
  }
}
