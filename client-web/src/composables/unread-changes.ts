/** Changes between two snapshots of the list. Pure. Muted chats and own messages do not count. */
import type { Conversation, ConversationId } from '@/messenger/contract'

/** Unread messages by conversation at the last snapshot. */
export type Unread = ReadonlyMap<ConversationId, number>

export interface UnreadChanges {
  /** Conversations with more unread messages than before, newest first. */
  readonly grown: readonly Conversation[]
  /** Conversations whose unread messages were read, or that were deleted. */
  readonly read: readonly ConversationId[]
  readonly unread: Unread
}

/** Without an earlier snapshot (`null`: the app has just opened) nothing is new. */
export function unreadChanges(before: Unread | null, now: readonly Conversation[]): UnreadChanges {
  const unread = new Map(now.map(({ id, unread: count }) => [id, count]))
  if (!before) return { grown: [], read: [], unread }
  return {
    grown: now.filter((chat) => !chat.muted && chat.unread > (before.get(chat.id) ?? 0)),
    read: [...before].flatMap(([id, count]) => (count > 0 && !unread.get(id) ? [id] : [])),
    unread,
  }
}
