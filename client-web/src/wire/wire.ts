import { call } from './http'
import type { HttpCall } from './http'
import { openSocket } from './socket'
import type { RelaySocket, SocketHandlers } from './socket'

/** The two ways to a relay. Everything above takes them as a value. */
export interface Wire {
  /** @throws RelayError */
  call(request: HttpCall): Promise<unknown>
  connect(token: string, handlers: SocketHandlers): RelaySocket
}

export const relayAt = (base: string): Wire => ({
  call: (request) => call(base, request),
  connect: (token, handlers) => openSocket(base, token, handlers),
})
