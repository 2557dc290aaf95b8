import type { Message, MessageStatus } from '@/messenger/contract'

const forward: readonly MessageStatus[] = ['waiting', 'accepted', 'delivered', 'read']

/** A status never goes back: receipts may come late, doubled and out of order. */
export const order = (status: MessageStatus): number => forward.indexOf(status)

/** How far an outgoing message can come. */
export type Step = Exclude<MessageStatus, 'waiting' | 'received'>

/** The message at `status`, reached at `at`; nothing stands in its way any more. */
export const advanced = (message: Message, status: Step, at: number): Message => ({
  ...message,
  acceptedAt: message.acceptedAt ?? at,
  deliveredAt: status === 'accepted' ? message.deliveredAt : (message.deliveredAt ?? at),
  readAt: status === 'read' ? at : message.readAt,
  status,
  problem: null,
})
