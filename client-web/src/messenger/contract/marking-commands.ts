import type { ConversationId } from './ids'
import type { MessageId } from './messages'

/** Commands about messages that were chosen, one or several. */
export interface MarkingCommands {
  /**
   * Writes the messages' texts and files anew into each conversation, in the order of their times, as own messages: nothing
   * says whose they were. All or none. `not_found`: one is gone, is no text, or a file of it is at no place any more;
   * `blocked`, `invalid` (more than `MOST_CHOSEN` or `FORWARDED_TO`, or none), and as `openFile` and `sendFiles`.
   */
  forward(messages: readonly MessageId[], to: readonly ConversationId[]): Promise<void>
}

/** Messages that are chosen at once. */
export const MOST_CHOSEN = 100
/** Conversations of one `forward`. */
export const FORWARDED_TO = 5
