declare const names: unique symbol

/** UUID of an account. Any text is taken for one, except the id of a conversation. */
export type UserId = string & { readonly [names]?: 'a person' }

/**
 * Names a conversation, on this device, in backups and in the app's addresses. That with one person is
 * written as the person's UUID, one's own notes as one's own UUID. Other kinds have a prefix and a colon
 * (`group:`), which no UUID has; so records keep their form when a kind is added.
 */
export type ConversationId = string & { readonly [names]: 'a conversation' }

const isConversation = (written: string): written is ConversationId => written !== ''

/** As it stands in a record, a backup or an address. @throws TypeError */
export function readConversationId(written: string): ConversationId {
  if (!isConversation(written)) throw new TypeError('not a conversation')
  return written
}

/** The conversation with one person. This and `personIn` are the only mapping between the two. */
export const conversationWith = (person: UserId): ConversationId => readConversationId(person)

/** Whom the conversation is with; null for one that is not with one person. */
export function personIn(conversation: ConversationId): UserId | null {
  const written: string = conversation
  return written.includes(':') ? null : written
}
