import type { MessageStatus } from './contract'

const forward: readonly MessageStatus[] = ['waiting', 'accepted', 'delivered', 'read']

/** A status never goes back: receipts may come late, doubled and out of order. */
export const order = (status: MessageStatus): number => forward.indexOf(status)
