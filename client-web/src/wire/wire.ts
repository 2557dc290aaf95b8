import { call } from './http'
import type { HttpCall } from './http'
import type { RelaySocket, SocketHandlers } from './socket'

/** The two ways to a relay. Everything above takes them as a value. */
export interface Wire {
  /** @throws RelayError */
  call(request: HttpCall): Promise<unknown>
  connect(token: string, handlers: SocketHandlers): RelaySocket
}

/** The way that needs no log-in: the socket's library is fetched with what an open messenger needs. */
export type Calls = Pick<Wire, 'call'>

export const callsTo = (base: string): Calls => ({ call: (request) => call(base, request) })
