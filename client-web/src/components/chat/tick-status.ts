import type { MessageStatus } from '@/messenger/contract'

/** The states of an own message; each has a tick of its own. */
export type TickStatus = Exclude<MessageStatus, 'received'>
