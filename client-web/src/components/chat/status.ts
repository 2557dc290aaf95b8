/** The states of an own message that have a tick. */
export type TickStatus = 'waiting' | 'accepted' | 'delivered' | 'read' | 'failed'
