import type { MessageStatus } from '@/messenger/contract'

/** The states of an own message; each has its tick. */
export type TickStatus = Exclude<MessageStatus, 'received'>
