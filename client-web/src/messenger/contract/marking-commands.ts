import type { ConversationId } from './ids'
import type { Message, MessageId } from './messages'

/** Commands about messages that were chosen, one or several. */
export interface MarkingCommands {
  /**
   * Writes the messages' texts and files anew into each conversation, in the order of their times, as own messages: nothing
   * says whose they were. All or none. `gone`: one is gone, is no text, or a file of it is at no place any more;
   * `blocked`, `invalid` (more than `MOST_CHOSEN` or `FORWARDED_TO`, or none), and as `openFile` and `sendFiles`.
   */
  forward(messages: readonly MessageId[], to: readonly ConversationId[]): Promise<void>
  /** On all own devices. `gone`: one is not here, or deleted. */
  setStarred(messages: readonly MessageId[], starred: boolean): Promise<void>
  /** As above. With one more than `MOST_PINNED` in a conversation the one that was pinned first is pinned no more. */
  setMessagePinned(message: MessageId, pinned: boolean): Promise<void>
  /** Of the conversation, or of all; the latest first. */
  starredMessages(conversation?: ConversationId): Promise<readonly Message[]>
  /** At most `MOST_PINNED`; the one that was pinned last first. */
  pinnedMessages(conversation: ConversationId): Promise<readonly Message[]>
}

/** Marks of one's own, which no other person learns of. A mark may be of a message that is not on this device. */
export interface Marks {
  readonly starred: ReadonlySet<MessageId>
  /** The newest first. */
  readonly pinned: ReadonlyMap<ConversationId, readonly MessageId[]>
}

/** Messages that are chosen at once. */
export const MOST_CHOSEN = 100
/** Conversations of one `forward`. */
export const FORWARDED_TO = 5
/** Pinned messages of a conversation. */
export const MOST_PINNED = 3
