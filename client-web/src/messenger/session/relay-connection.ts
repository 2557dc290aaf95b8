/** The connection: opened while the messenger is, opened again with backoff, its state shown. */
import { onReturn } from '@/platform/returns'
import type { RelaySocket, SocketHandlers } from '@/wire/socket'
import { RelayError } from '@/wire/errors'
import type { TokenKeeper } from '@/wire/tokens'
import type { SocketEnd } from '@/wire/types'
import type { Wire } from '@/wire/wire'
import { delay, reconnectBackoff } from '@/messenger/core/backoff'
import { Budget } from '@/messenger/core/budget'
import type { Core } from '@/messenger/core/core'
import type { SessionEnd } from '@/messenger/contract'
import { isAlive } from './liveness'

export type ConnectionEvents = Omit<
  SocketHandlers,
  'opened' | 'refused' | 'closed' | 'caughtUp'
> & {
  /** `log` names the relay's log; null from an older relay. */
  opened(log: string | null): void
  caughtUp(head: number): Promise<void>
  lost(): void
  /** This device may not connect any more, or not now. */
  ended(reason: SessionEnd): void
}

/** A new token goes to the open socket this long before the old one ends. */
const REFRESH_MARGIN = 90_000
/** The least between two attempts. */
const REFRESH_AGAIN = 5_000
const SHUTDOWN_SPREAD = 2_000
/** A connection that was heard of this recently is not asked whether it lives. */
const HEARD = 10_000
/** An attempt that takes this long when somebody looks began in a network that is gone. */
const STUCK = 2_000
/** With this many attempts in a minute none is made at once any more: the relay allows ten. */
const AT_ONCE = { most: 5, window: 60_000 }
/** An attempt that was left unanswered for this long counts for none: time bounds how many there are. */
const UNANSWERED = 9_000

export class RelayConnection {
  private attempt = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  private refreshTimer: ReturnType<typeof setTimeout> | null = null
  private stopped = true
  private generation = 0
  /** The relay asked for the wait: neither a network that came back nor a person ends it. */
  private limited = false
  private readonly attempts = new Budget(AT_ONCE.most, AT_ONCE.window)
  /** When the relay last answered on the open connection, and when the current attempt began. */
  private heardAt = -Infinity
  private beganAt = -Infinity
  /** The attempt that is under way. */
  private pending: RelaySocket | null = null
  private probing = false
  private lookTimer: ReturnType<typeof setTimeout> | null = null
  private endReturns: () => void = () => undefined
  private readonly onReturned = (): void => this.returned()

  constructor(
    private readonly core: Core,
    private readonly wire: Pick<Wire, 'connect'>,
    private readonly tokens: TokenKeeper,
    private readonly on: ConnectionEvents,
  ) {}

  start(): void {
    this.stopped = false
    addEventListener('online', this.onReturned)
    this.endReturns = onReturn(this.onReturned)
    void this.connect()
  }

  stop(): void {
    this.stopped = true
    this.generation++
    removeEventListener('online', this.onReturned)
    this.endReturns()
    this.clearTimers()
    this.pending?.close()
    this.pending = null
    const { socket } = this.core
    this.core.socket = null
    socket?.close()
    this.core.view.connection({ state: 'paused', retryAt: null })
  }

  /** Skips the wait before the next attempt, unless the relay asked for it. */
  now(): void {
    if (this.stopped || this.core.socket || !this.timer || this.limited) return
    this.clearTimers()
    this.attempt = 0
    void this.connect()
  }

  /**
   * Somebody looks, or the network is back: a connection that lies dead since (asleep, behind a
   * network that swallows everything) must not wait for its heartbeat or its backoff.
   */
  private returned(): void {
    if (this.stopped || this.limited || document.visibilityState === 'hidden') return
    if (this.core.socket) return void this.probe(this.core.socket)
    const age = this.core.elapsed() - this.beganAt
    if (!this.timer && age <= STUCK) return this.lookLater(STUCK - age)
    if (!this.mayConnectAtOnce()) return
    this.connectAnew()
  }

  /** An attempt that has just begun may have begun in the network that is gone. */
  private lookLater(wait: number): void {
    this.lookTimer ??= setTimeout(() => {
      this.lookTimer = null
      if (!this.core.socket) this.returned()
    }, wait + 1)
  }

  /** Drops the previous attempt, which may wait for ever. */
  private connectAnew(): void {
    this.clearTimers()
    this.tokens.giveUpRenewal()
    void this.connect()
  }

  private mayConnectAtOnce(): boolean {
    return !this.attempts.exhausted('', this.core.elapsed())
  }

  /** Asks for any answer; without one the connection is given up. */
  private async probe(socket: RelaySocket): Promise<void> {
    if (this.probing || this.core.elapsed() - this.heardAt < HEARD) return
    this.probing = true
    try {
      if (await isAlive(socket, this.core.account.userId)) this.heardAt = this.core.elapsed()
      else if (this.core.socket === socket) this.giveUp(socket)
    } finally {
      this.probing = false
    }
  }

  private giveUp(socket: RelaySocket): void {
    this.generation++
    socket.close()
    if (!this.mayConnectAtOnce()) return this.closed(null)
    this.core.socket = null
    this.on.lost()
    this.connectAnew()
  }

  /** Gives the open connection up and opens another one, after the usual wait. */
  reconnect(): void {
    const { socket } = this.core
    if (this.stopped || !socket) return
    this.generation++
    socket.close()
    this.closed(null)
  }

  private async connect(): Promise<void> {
    const generation = ++this.generation
    this.pending?.close()
    this.pending = null
    this.beganAt = this.core.elapsed()
    this.attempts.spend('', this.beganAt)
    this.core.view.connection({ state: 'connecting', retryAt: null })
    let token: string
    try {
      token = await this.tokens.access()
    } catch (error) {
      if (generation === this.generation) this.failed(error)
      return
    }
    if (this.stopped || generation !== this.generation) return
    const current = (): boolean => generation === this.generation && !this.stopped
    const { opened: _o, caughtUp: _c, lost: _l, ended: _e, ...events } = this.on
    const socket = this.wire.connect(token, {
      ...events,
      opened: (log) => {
        if (!current()) return socket.close()
        this.pending = null
        this.heardAt = this.core.elapsed()
        this.core.socket = socket
        this.core.log = log ?? null
        this.core.view.connection({ state: 'catching_up', retryAt: null })
        this.scheduleRefresh()
        this.on.opened(log ?? null)
      },
      caughtUp: (head) => {
        void this.on.caughtUp(head).then(() => {
          if (!current() || this.core.socket !== socket) return
          this.attempt = 0
          this.core.view.connection({ state: 'online' })
        })
      },
      refused: (error) => {
        if (current()) this.failed(error)
      },
      closed: (end) => {
        if (current()) this.closed(end)
      },
    })
    if (this.core.socket !== socket) this.pending = socket
  }

  private closed(end: SocketEnd | null): void {
    this.core.socket = null
    this.clearTimers()
    this.on.lost()
    if (end === 'replaced' || end === 'revoked' || end === 'account_deleted') {
      this.stop()
      return this.on.ended(end)
    }
    if (end === 'shutdown') return this.retry(Math.random() * SHUTDOWN_SPREAD)
    if (end === 'token_expired') return void this.renewThenConnect()
    if (end === 'rate_limited') return this.retry(reconnectBackoff.most, 'rate_limited')
    this.retry(delay(reconnectBackoff, this.attempt++))
  }

  private failed(error: unknown): void {
    if (this.core.elapsed() - this.beganAt >= UNANSWERED) this.attempts.giveBack('')
    const refusal = error instanceof RelayError ? error : new RelayError('no_answer')
    switch (refusal.code) {
      case 'device_inactive':
        this.stop()
        return this.on.ended('device_inactive')
      case 'token_reused':
        this.stop()
        return this.on.ended('token_reused')
      case 'unauthorized':
      case 'token_expired':
        return void this.renewThenConnect()
      case 'rate_limited':
        return this.retry(refusal.retryAfter ?? reconnectBackoff.most, 'rate_limited')
      default:
        // The relay named the least wait. All clients got the same one and must not reconnect at once.
        this.retry((refusal.retryAfter ?? 0) + delay(reconnectBackoff, this.attempt++))
    }
  }

  private async renewThenConnect(): Promise<void> {
    const generation = this.generation
    try {
      await this.tokens.renew()
    } catch (error) {
      // The keeper has said that the session is over.
      const over = error instanceof RelayError && error.code.startsWith('token_')
      if (!over && generation === this.generation)
        this.retry(delay(reconnectBackoff, this.attempt++))
      return
    }
    if (generation === this.generation) this.retry(delay(reconnectBackoff, this.attempt++) / 4)
  }

  private retry(wait: number, state: 'offline' | 'rate_limited' = 'offline'): void {
    if (this.stopped) return
    this.limited = state === 'rate_limited'
    this.core.view.connection({ state, retryAt: this.core.elapsed() + wait })
    this.timer = setTimeout(() => {
      this.timer = null
      void this.connect()
    }, wait)
  }

  /** At each connection and after each renewal. */
  private scheduleRefresh(): void {
    const relayClock = this.tokens.relayTime() - this.core.elapsed()
    this.core.view.connection({ relayClock })
    const wait = Math.max(REFRESH_AGAIN, this.tokens.remaining() - REFRESH_MARGIN)
    this.refreshTimer = setTimeout(() => {
      const { socket } = this.core
      if (!socket) return
      this.tokens
        .renew()
        .then((token) => socket.refresh(token))
        // Tried again while the old token lasts; when it ends the socket closes and we connect anew.
        .catch(() => undefined)
        .finally(() => {
          if (this.core.socket === socket) this.scheduleRefresh()
        })
    }, wait)
  }

  private clearTimers(): void {
    if (this.timer) clearTimeout(this.timer)
    if (this.refreshTimer) clearTimeout(this.refreshTimer)
    if (this.lookTimer) clearTimeout(this.lookTimer)
    this.timer = null
    this.lookTimer = null
    this.refreshTimer = null
  }
}
