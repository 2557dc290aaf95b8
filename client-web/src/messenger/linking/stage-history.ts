import type { BackupContent } from '@/messenger/backup/backup-mapping'
import { HistoryMerge } from '@/messenger/backup/history-merge'
import { conversationWith } from '@/messenger/contract'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { TurnChanges } from '@/messenger/core/serial'
import type { Services } from '@/messenger/session/services'
import { isPersonRemoved, isRemoved, stagePlaces } from './removed'

type Parts = Pick<
  Services,
  'core' | 'chats' | 'people' | 'search' | 'amendments' | 'removedHistory' | 'requests'
>

/**
 * Adds a part of another device's history to `changes`. What was changed or removed since the part was made stays so,
 * whatever came first.
 */
export async function stageHistory(
  { core, chats, people, search, amendments, removedHistory, requests }: Parts,
  changes: TurnChanges,
  content: Pick<BackupContent, 'contacts' | 'conversations' | 'messages'>,
): Promise<void> {
  stagePlaces(removedHistory, changes, content.messages)
  for (const contact of content.contacts) {
    const { userId } = contact
    const isGone = isPersonRemoved(removedHistory, conversationWith(userId), changes)
    if (!isGone && !people.find(userId, changes)) people.stage(changes, contact)
  }
  const merge = new HistoryMerge(core.store, changes, {
    keeps: (id) => people.inConversation(id, changes) !== undefined,
    isGone: (message) => isRemoved(removedHistory, message, changes),
    arrived: (message) => amendments.stageArrived(changes, message),
  })
  await merge.load(content.conversations.filter(({ id }) => !chats.has(id)))
  const written: MessageRecord[] = []
  for (const message of content.messages) {
    const one = await merge.add(message)
    if (one) written.push(one)
  }
  merge.stage((chat) => {
    const { last, lastOrder } = chat
    chats.stage(changes, chat.id, chats.has(chat.id) ? { last, lastOrder } : chat)
  })
  changes.whenStored(() => {
    for (const message of written) {
      search.add(message)
      chats.openChat.showLoaded(message)
    }
    requests.show()
  })
}
