/** What was said about a message, as it stands in a backup: earlier texts, reactions. */
import type { EditedRecord } from '@/messenger/core/message-record'
import type { UserId } from '@/messenger/contract'
import { list, nullable, number, shape, text } from '@/storage/decoders'

interface BackupSaid {
  device: number
  n: number
  at: number
}

export interface BackupEdited {
  said: BackupSaid
  before: { text: string; at: number }[]
}

export interface BackupReaction {
  /** Null: oneself. */
  by: UserId | null
  emoji: string | null
  said: BackupSaid
}

const copySaid = ({ device, n, at }: BackupSaid): BackupSaid => ({ device, n, at })

export const copyEdited = ({ said: newest, before }: EditedRecord): BackupEdited => ({
  said: copySaid(newest),
  before: before.map(({ text: earlier, at }) => ({ text: earlier, at })),
})

export const copyReaction = ({ by, emoji, said: newest }: BackupReaction): BackupReaction => ({
  by,
  emoji,
  said: copySaid(newest),
})

const said = shape<BackupSaid>({ device: number, n: number, at: number })

export const edited = shape<BackupEdited>({
  said,
  before: list(shape<BackupEdited['before'][number]>({ text, at: number })),
})

export const reaction = shape<BackupReaction>({ by: nullable(text), emoji: nullable(text), said })
