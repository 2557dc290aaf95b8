import { io } from 'socket.io-client'
import { Answer } from './check'
import { RelayError, toRelayError } from './errors'
import { parser } from './msgpack-parser'
import { readEnvelopes, readSendAnswer } from './read'
import type { IncomingEnvelope, SendAnswer, SendPayload, SocketEnd } from './types'

/** Covers both handshakes, Engine.IO and Socket.IO, ms. */
const CONNECT_TIMEOUT = 10_000
const ANSWER_TIMEOUT = 15_000
/** Type of the packet that answers CONNECT. */
const CONNECT = 0

export interface SocketHandlers {
  /** Accepted. `log`: the id of the relay's log, if the relay names it. */
  opened(log?: string | null): void
  /** Refused or unreachable. This socket is closed. */
  refused(error: RelayError): void
  /** An open socket was closed. `end`: the reason, if the relay gave one. */
  closed(end: SocketEnd | null): void
  envelopes(envelopes: IncomingEnvelope[]): void
  caughtUp(head: number): void
  expired(upto: number, count: number): void
  presence(userId: string, online: boolean): void
  ephemeral(from: { user_id: string; device_id: number }, body: Uint8Array<ArrayBuffer>): void
  prekeysLow(available: number): void
}

export interface RelaySocket {
  send(payload: SendPayload): Promise<SendAnswer>
  ack(upto: number): Promise<void>
  /** Returns those of them who are online. */
  watch(users: string[]): Promise<string[]>
  ephemeral(to: string, envelopes: { device_id: number; body: Uint8Array }[]): Promise<void>
  refresh(token: string): Promise<void>
  close(): void
}

/** One connection. It never reconnects by itself. */
export function openSocket(base: string, token: string, on: SocketHandlers): RelaySocket {
  const socket = io(base, {
    path: '/socket.io/',
    transports: ['websocket'],
    parser,
    auth: { token },
    reconnection: false,
    forceNew: true,
    autoConnect: false,
  })
  // The library's timer ends with the first handshake.
  socket.io.timeout(false)
  let end: SocketEnd | null = null
  let log: string | null = null
  let state: 'connecting' | 'open' | 'over' = 'connecting'

  const refuse = (error: RelayError): void => {
    if (state !== 'connecting') return
    state = 'over'
    clearTimeout(patience)
    socket.disconnect()
    on.refused(error)
  }
  const patience = setTimeout(
    () => refuse(new RelayError('no_answer', 'the connection was not answered')),
    CONNECT_TIMEOUT,
  )
  /** An event outside the contract closes the connection: later events cannot be trusted. */
  const listen = (event: string, read: (payload: unknown) => void): void => {
    socket.on(event, (payload: unknown) => {
      try {
        read(payload)
      } catch {
        socket.disconnect()
      }
    })
  }

  // The library keeps only `sid` of the answer to CONNECT. This listener runs before the library's.
  socket.io.on('packet', ({ type, data }) => {
    if (type === CONNECT) log = logNamed(data)
  })
  socket.on('connect', () => {
    state = 'open'
    clearTimeout(patience)
    on.opened(log)
  })
  socket.on('connect_error', (error: Error & { data?: unknown }) => {
    refuse(error.data ? toRelayError(error.data) : new RelayError('no_answer', error.message))
  })
  socket.on('disconnect', (reason) => {
    // Between the two handshakes no `connect_error` is raised.
    refuse(new RelayError('no_answer', reason))
    if (state !== 'open') return
    state = 'over'
    on.closed(end)
  })
  listen('session.ended', (payload) => {
    end = new Answer(payload).field('reason').text() as SocketEnd
  })
  listen('envelopes', (payload) => on.envelopes(readEnvelopes(payload)))
  listen('caught_up', (payload) => on.caughtUp(new Answer(payload).field('head').integer()))
  listen('expired', (payload) => {
    const answer = new Answer(payload)
    on.expired(answer.field('upto').integer(), answer.field('count').integer())
  })
  listen('presence', (payload) => {
    const answer = new Answer(payload)
    on.presence(answer.field('user_id').uuid(), answer.field('online').flag())
  })
  listen('ephemeral', (payload) => {
    const from = new Answer(payload).field('from')
    const sender = {
      user_id: from.field('user_id').uuid(),
      device_id: from.field('device_id').integer(),
    }
    on.ephemeral(sender, new Answer(payload).field('body').binary())
  })
  listen('prekeys.low', (payload) =>
    on.prekeysLow(new Answer(payload).field('available').integer()),
  )
  socket.connect()

  /** @throws RelayError; `no_answer` if it is unknown whether the request was carried out */
  async function ask(event: string, payload: unknown): Promise<unknown> {
    if (state !== 'open') throw new RelayError('no_answer', 'not connected')
    let answer: unknown
    try {
      answer = await socket.timeout(ANSWER_TIMEOUT).emitWithAck(event, payload)
    } catch (cause) {
      throw new RelayError('no_answer', `${event}: no answer`, null, {}, { cause })
    }
    const fields = new Answer(answer)
    if (fields.field('ok').flag()) return answer
    throw toRelayError((answer as { error?: unknown }).error)
  }

  return {
    send: async (payload) => readSendAnswer(await ask('send', payload)),
    ack: async (upto) => void (await ask('ack', { upto })),
    watch: async (users) =>
      new Answer(await ask('presence.watch', { users })).field('online').list((id) => id.uuid()),
    ephemeral: async (to, envelopes) => void (await ask('ephemeral', { to, envelopes })),
    refresh: async (token) => void (await ask('auth.refresh', { token })),
    close() {
      state = 'over'
      clearTimeout(patience)
      socket.disconnect()
    },
  }
}

/** The log's id in the answer to CONNECT; null if there is none. */
function logNamed(data: unknown): string | null {
  try {
    return new Answer(data).field('log').uuid()
  } catch {
    return null
  }
}
