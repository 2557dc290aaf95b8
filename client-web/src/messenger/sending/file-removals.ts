/**
 * Files go when their message goes. At the relay only those that no recipient shall have: of a message that never left,
 * that its author deletes for everyone, or that disappears after all of them read it. The others end there with their time.
 */
import { toBase64 } from '@/crypto/bytes'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { TurnChanges } from '@/messenger/core/serial'
import type { Erasures } from '@/messenger/files/erasures'
import type { KeptFiles } from '@/messenger/files/kept-files'
import type { ConversationId } from '@/messenger/contract'
import type { Outbox } from './outbox'

export class FileRemovals {
  constructor(
    private readonly kept: KeptFiles,
    private readonly outbox: Outbox,
    private readonly erasures: Erasures,
  ) {}

  stageMessages(changes: TurnChanges, messages: readonly MessageRecord[]): void {
    for (const message of messages) {
      const unsent = this.outbox.entries.all.some((entry) => {
        return entry.contentId === message.id && entry.message && !entry.envelopes
      })
      if (message.sender === null && unsent) this.stageAtRelay(changes, message)
      this.kept.stageMessageRemoval(changes, message)
    }
  }

  /** The message is deleted for everyone: nobody shall have its files any more. */
  stageDeleted(changes: TurnChanges, message: MessageRecord): void {
    if (message.sender === null) this.stageAtRelay(changes, message)
    this.kept.stageMessageRemoval(changes, message)
  }

  /** Own files of the message are erased at the relay. */
  stageAtRelay(changes: TurnChanges, { files = [] }: MessageRecord): void {
    const ids = files.map((file) => file.id ?? this.kept.get(toBase64(file.digest))?.begun)
    this.erasures.stage(
      changes,
      ids.filter((id) => id !== undefined),
    )
  }

  stageConversation(changes: TurnChanges, conversation: ConversationId): void {
    const unsent = this.outbox.entries.all.filter(
      (entry) => entry.message?.conversation === conversation && entry.uploads,
    )
    const begun = unsent.flatMap(({ uploads = [] }) =>
      uploads.flatMap((id) => this.kept.get(id)?.begun ?? []),
    )
    this.erasures.stage(changes, begun)
    this.kept.stageConversationRemoval(changes, conversation)
  }
}
