import { call, exchange } from './http'
import type { HttpAnswer, HttpCall, HttpExchange } from './http'
import type { RelaySocket, SocketHandlers } from './socket'

/** Both transports to a relay, as a value for all callers. */
export interface Wire {
  /** @throws RelayError */
  call(request: HttpCall): Promise<unknown>
  /** @throws RelayError */
  exchange(request: HttpExchange): Promise<HttpAnswer>
  connect(token: string, handlers: SocketHandlers): RelaySocket
}

/** Calls that need no log-in. The socket's library is fetched with the parts of an open messenger. */
export type Calls = Pick<Wire, 'call' | 'exchange'>

export const callsTo = (base: string): Calls => ({
  call: (request) => call(base, request),
  exchange: (request) => exchange(base, request),
})
