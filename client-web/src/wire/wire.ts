import { call } from './http'
import type { HttpCall } from './http'
import type { RelaySocket, SocketHandlers } from './socket'

/** Both transports to a relay, as a value for all callers. */
export interface Wire {
  /** @throws RelayError */
  call(request: HttpCall): Promise<unknown>
  connect(token: string, handlers: SocketHandlers): RelaySocket
}

/** Calls that need no log-in. The socket's library is fetched with the parts of an open messenger. */
export type Calls = Pick<Wire, 'call'>

export const callsTo = (base: string): Calls => ({ call: (request) => call(base, request) })
