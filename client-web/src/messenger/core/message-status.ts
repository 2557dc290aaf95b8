import type { MessageStatus, SendProblem, UserId } from '@/messenger/contract'
import type { MessageRecord, RecipientRecord } from './message-record'

const forward: readonly MessageStatus[] = ['waiting', 'accepted', 'delivered', 'read']

/** A status never goes back: receipts may come late, doubled and out of order. */
export const statusOrder = (status: MessageStatus): number => forward.indexOf(status)

/** How far an outgoing message can come. */
export type Step = Exclude<MessageStatus, 'waiting' | 'received'>

/** The recipient at `status`, reached at `at`; nothing stands in its way any more. */
const reached = (recipient: RecipientRecord, status: Step, at: number): RecipientRecord => ({
  ...recipient,
  acceptedAt: recipient.acceptedAt ?? at,
  deliveredAt: status === 'accepted' ? recipient.deliveredAt : (recipient.deliveredAt ?? at),
  readAt: status === 'read' ? at : recipient.readAt,
  status,
  problem: null,
})

const recipientOf = (message: MessageRecord, userId: UserId): RecipientRecord | undefined =>
  message.recipients.find((one) => one.userId === userId)

/** The message at `status` for one recipient; null where it is there, or was not for them. */
export function advanced(
  message: MessageRecord,
  userId: UserId,
  status: Step,
  at: number,
): MessageRecord | null {
  const recipient = recipientOf(message, userId)
  if (!recipient || statusOrder(recipient.status) >= statusOrder(status)) return null
  return withRecipient(message, reached(recipient, status, at))
}

/** The message as the relay took it for one recipient at `at`, though news of delivery may have been faster. */
export function accepted(message: MessageRecord, userId: UserId, at: number): MessageRecord | null {
  const current = advanced(message, userId, 'accepted', at) ?? message
  const recipient = recipientOf(current, userId)
  return recipient ? withRecipient(current, { ...recipient, acceptedAt: at }) : null
}

/** The message with what stands in its way to one recipient; null where nothing changes, or it left. */
export function hindered(
  message: MessageRecord,
  userId: UserId,
  problem: SendProblem | null,
): MessageRecord | null {
  const recipient = recipientOf(message, userId)
  if (recipient?.status !== 'waiting' || recipient.problem === problem) return null
  return withRecipient(message, { ...recipient, problem })
}

const withRecipient = (message: MessageRecord, recipient: RecipientRecord): MessageRecord => ({
  ...message,
  recipients: message.recipients.map((one) => (one.userId === recipient.userId ? recipient : one)),
})
