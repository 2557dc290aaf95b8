/** What came in between two looks at the list. Pure: muted chats are silent, own messages never count. */
import type { Conversation, ConversationId } from '@/messenger/contract'

/** Unread messages by conversation, as they were at the last look. */
export type Unread = ReadonlyMap<ConversationId, number>

export interface UnreadChanges {
  /** Conversations with more unread messages than before, newest first. */
  readonly grown: readonly Conversation[]
  /** Conversations that had unread messages and have none any more, or are gone. */
  readonly read: readonly ConversationId[]
  readonly unread: Unread
}

/** Without an earlier look (`null`: the app has just opened), nothing is new. */
export function unreadChanges(before: Unread | null, now: readonly Conversation[]): UnreadChanges {
  const unread = new Map(now.map(({ id, unread: count }) => [id, count]))
  if (!before) return { grown: [], read: [], unread }
  return {
    grown: now.filter((chat) => !chat.muted && chat.unread > (before.get(chat.id) ?? 0)),
    read: [...before].flatMap(([id, count]) => (count > 0 && !unread.get(id) ? [id] : [])),
    unread,
  }
}
