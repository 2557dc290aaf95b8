/** Stars and pins of messages, as they stand in a backup. */
import type { ConversationId, UserId } from '@/messenger/contract'
import { conversationId } from '@/messenger/core/record-shapes'
import { flag, list, nullable, number, optional, shape, since, text } from '@/storage/decoders'

export interface BackupMark {
  /** Null: oneself. */
  sender: UserId | null
  id: string
  conversation: ConversationId
  starred?: BackupMarkState
  pinned?: BackupMarkState
}

interface BackupMarkState {
  on: boolean
  at: number
  device: number
}

const copyState = ({ on, at, device }: BackupMarkState): BackupMarkState => ({ on, at, device })

export const copyMark = ({
  sender,
  id,
  conversation,
  starred,
  pinned,
}: BackupMark): BackupMark => ({
  sender,
  id,
  conversation,
  ...(starred && { starred: copyState(starred) }),
  ...(pinned && { pinned: copyState(pinned) }),
})

const state = shape<BackupMarkState>({ on: flag, at: number, device: number })

/** Files of earlier builds have none. */
export const marksOf = since(
  [],
  list(
    shape<BackupMark>({
      sender: nullable(text),
      id: text,
      conversation: conversationId,
      starred: optional(state),
      pinned: optional(state),
    }),
  ),
)
