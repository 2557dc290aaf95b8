/** What may still be done to a message. */
import { DELETABLE_FOR, EDITABLE_FOR } from '@/messenger/contract'
import type { Message } from '@/messenger/contract'

const isOwn = ({ direction, kind }: Message): boolean =>
  direction === 'out' && kind !== 'notice' && kind !== 'deleted'

export const mayEdit = (message: Message, now: number): boolean =>
  isOwn(message) && message.kind === 'text' && now - message.sentAt <= EDITABLE_FOR

export const mayDeleteForAll = (message: Message, now: number): boolean =>
  isOwn(message) && now - message.sentAt <= DELETABLE_FOR

/** Whether a reaction can stand on it. */
export const mayReactTo = ({ kind }: Message): boolean =>
  kind !== 'notice' && kind !== 'deleted' && kind !== 'awaited'

/** Whether it can be answered, where one may write. */
export const mayAnswer = ({ text, files }: Message): boolean => text !== '' || files !== undefined

/** Whether it can be written once more, elsewhere. */
export const mayForward = ({ kind, text, files }: Message): boolean =>
  kind === 'text' && (text !== '' || files !== undefined)

/** One's own reaction to it. */
export const myReaction = ({ reactions }: Message): string | null =>
  reactions?.find(({ mine }) => mine)?.emoji ?? null
