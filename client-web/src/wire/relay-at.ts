import { openSocket } from './socket'
import { callsTo } from './wire'
import type { Wire } from './wire'

export const relayAt = (base: string): Wire => ({
  ...callsTo(base),
  connect: (token, handlers) => openSocket(base, token, handlers),
})
