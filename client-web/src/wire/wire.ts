import { call, exchange } from './http'
import type { HttpAnswer, HttpCall, HttpExchange } from './http'
import type { RelaySocket, SocketHandlers } from './socket'

/** The two ways to a relay. Everything above takes them as a value. */
export interface Wire {
  /** @throws RelayError */
  call(request: HttpCall): Promise<unknown>
  /** @throws RelayError */
  exchange(request: HttpExchange): Promise<HttpAnswer>
  connect(token: string, handlers: SocketHandlers): RelaySocket
}

/** The way that needs no log-in: the socket's library is fetched with what an open messenger needs. */
export type Calls = Pick<Wire, 'call' | 'exchange'>

export const callsTo = (base: string): Calls => ({
  call: (request) => call(base, request),
  exchange: (request) => exchange(base, request),
})
