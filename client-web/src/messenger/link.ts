/** The connection: opened while the messenger is, opened again with backoff, its state shown. */
import type { SocketHandlers } from '@/wire/socket'
import { RelayError } from '@/wire/errors'
import type { TokenKeeper } from '@/wire/tokens'
import type { SocketEnd } from '@/wire/types'
import type { Wire } from '@/wire/wire'
import { delay, reconnectBackoff } from './backoff'
import type { Core } from './core'
import type { SessionEnd } from './contract'

export type LinkEvents = Omit<SocketHandlers, 'opened' | 'refused' | 'closed' | 'caughtUp'> & {
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

export class Link {
  private attempt = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  private refreshTimer: ReturnType<typeof setTimeout> | null = null
  private stopped = true
  private generation = 0
  /** The relay asked for the wait: neither a network that came back nor a person ends it. */
  private limited = false
  private readonly onOnline = (): void => this.now()

  constructor(
    private readonly core: Core,
    private readonly wire: Wire,
    private readonly tokens: TokenKeeper,
    private readonly on: LinkEvents,
  ) {}

  start(): void {
    this.stopped = false
    addEventListener('online', this.onOnline)
    void this.connect()
  }

  stop(): void {
    this.stopped = true
    this.generation++
    removeEventListener('online', this.onOnline)
    this.clearTimers()
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
        // What the relay asks for is the least: everybody was told the same, and must not come at once.
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

  private scheduleRefresh(): void {
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
    this.timer = null
    this.refreshTimer = null
  }
}
