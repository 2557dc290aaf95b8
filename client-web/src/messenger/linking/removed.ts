/** What of a history was removed on this device while it was on its way. */
import { ALL_TIME, anybodys } from '@/messenger/chats/removed-history'
import type { RemovedHistory } from '@/messenger/chats/removed-history'
import type { ConversationId } from '@/messenger/contract'
import { refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { TurnChanges } from '@/messenger/core/serial'

/** Learns the places of messages up to which something was removed. Call it with all of a part before `isRemoved`. */
export function stagePlaces(
  removed: RemovedHistory,
  changes: TurnChanges,
  part: readonly MessageRecord[],
): void {
  for (const { id, conversation, order } of part) {
    const record = removed.of(conversation, changes)
    if (!record?.upto.some((one) => one.id === id && one.order === null)) continue
    const upto = record.upto.map((one) => (one.id === id ? { ...one, order } : one))
    removed.stage(changes, { ...record, upto })
  }
}

export function isRemoved(
  removed: RemovedHistory,
  message: MessageRecord,
  within: TurnChanges,
): boolean {
  const record = removed.of(message.conversation, within)
  if (!record) return false
  const { messages, upto } = record
  return (
    messages.includes(refKey(message)) ||
    messages.includes(anybodys(message.id)) ||
    upto.some(({ order, at }) => (order === null ? message.sentAt <= at : message.order <= order))
  )
}

/** The person of the conversation was removed. */
export const isPersonRemoved = (
  removed: RemovedHistory,
  id: ConversationId,
  within: TurnChanges,
): boolean => removed.of(id, within)?.upto.some(({ at }) => at === ALL_TIME) ?? false
