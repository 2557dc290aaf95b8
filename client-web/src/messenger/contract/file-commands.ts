import type { FileId, FileUse, NewFile } from './files'
import type { ConversationId } from './ids'
import type { Message, MessageId } from './messages'

export interface FileCommands {
  /** The largest file that the relay takes, bytes; null: none at all. `offline`, `unavailable`. */
  largestFile(): Promise<number | null>
  /**
   * Resolves once the files are sealed on this device and the message is in the outbox, which waits for them. As
   * `sendText`; also `file_too_large`, `storage_full`.
   */
  sendFiles(
    id: ConversationId,
    files: readonly NewFile[],
    text: string,
    replyTo?: MessageId,
  ): Promise<Message>
  /**
   * The content, fetched first if it is not here. `unasked`: because it came into sight; rejects `not_found` in a
   * conversation with nobody who was accepted. `gone`: the relay does not have it; `file_broken`; `cancelled`.
   */
  openFile(message: MessageId, file: FileId, unasked?: boolean): Promise<Blob>
  /** Hands it to the person, as a file that no page opens. */
  keepFile(message: MessageId, file: FileId): Promise<void>
  cancelDownload(file: FileId): Promise<void>
  /** What lies on this device, by conversation, most first. */
  fileUse(): Promise<readonly FileUse[]>
  /** Takes the conversation's files off this device, except those still to be sent. They can be fetched again while the relay has them. */
  freeFiles(id: ConversationId): Promise<void>
}
