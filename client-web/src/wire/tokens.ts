import { fromBase64, fromUtf8 } from '@/crypto/bytes'
import { steadyClock } from '@/platform/clock'
import type { Elapsed } from '@/platform/clock'
import { RelayError } from './errors'
import type { SessionTokens } from './types'

/** Renewed this long before they end. */
const MARGIN = 60_000
const DEFAULT_LIFETIME = 15 * 60_000

export interface TokenKeeperOptions {
  refresh(refreshToken: string): Promise<SessionTokens>
  /** Resolves once the tokens are on disk. */
  save(tokens: SessionTokens): Promise<void>
  /** The session is over: a log-in is needed. */
  ended(code: 'token_expired' | 'token_reused'): void
  now?: () => number
  elapsed?: Elapsed
}

/**
 * The current tokens. A new refresh token is on disk before it is ever used; until it is used the
 * relay takes the old one again, so neither a lost answer nor a crash in between ends the session.
 */
export class TokenKeeper {
  private refreshing: Promise<string> | null = null
  /** Renewals begun, and the newest of them whose tokens are kept. */
  private begun = 0
  private kept = 0
  /** By `elapsed`. */
  private expires: number
  private readonly elapsed: Elapsed

  constructor(
    public tokens: SessionTokens,
    private readonly options: TokenKeeperOptions,
  ) {
    const now = options.now ?? Date.now
    this.elapsed = options.elapsed ?? steadyClock(now)
    // How long ago they were issued is unknown after a restart; a refusal corrects the guess.
    this.expires = this.elapsed() + Math.min(tokens.access_expires_at - now(), lifetime(tokens))
  }

  /** An access token that has some time left. @throws RelayError */
  async access(): Promise<string> {
    if (this.elapsed() < this.expires - MARGIN) return this.tokens.access_token
    return this.renew()
  }

  /** How long the access token still lasts, ms. */
  remaining(): number {
    return this.expires - this.elapsed()
  }

  /**
   * The relay's wall clock, from the end of its newest token, ms. After a restart it is at most a token's lifetime
   * behind until the next renewal.
   */
  relayTime(): number {
    return this.tokens.access_expires_at - this.remaining()
  }

  /** A new access token; calls at the same time share one renewal. @throws RelayError */
  renew(): Promise<string> {
    if (this.refreshing) return this.refreshing
    const renewal = this.exchange(++this.begun).finally(() => {
      if (this.refreshing === renewal) this.refreshing = null
    })
    this.refreshing = renewal
    return renewal
  }

  /**
   * The next call begins another renewal: the one under way may lie in a network that is gone. Both use the
   * same refresh token, which the relay takes until a successor of it was used.
   */
  giveUpRenewal(): void {
    this.refreshing = null
  }

  private async exchange(serial: number): Promise<string> {
    const late = (): boolean => serial < this.kept
    try {
      const tokens = await this.options.refresh(this.tokens.refresh_token)
      if (late()) return this.tokens.access_token
      this.kept = serial
      await this.options.save(tokens)
      this.tokens = tokens
      this.expires = this.elapsed() + lifetime(tokens)
      return tokens.access_token
    } catch (error) {
      const code = error instanceof RelayError ? error.code : null
      const over = code === 'token_expired' || code === 'token_reused'
      if (over && !late()) this.options.ended(code)
      throw error
    }
  }
}

/** From the token's own times, so that a wrong clock on this device does not matter. */
export function lifetime(tokens: SessionTokens): number {
  try {
    const payload = (tokens.access_token.split('.')[1] ?? '')
      .replaceAll('-', '+')
      .replaceAll('_', '/')
    const claims = JSON.parse(fromUtf8(fromBase64(payload))) as { iat?: number; exp?: number }
    const seconds = (claims.exp ?? NaN) - (claims.iat ?? NaN)
    return seconds > 0 ? seconds * 1000 : DEFAULT_LIFETIME
  } catch {
    return DEFAULT_LIFETIME
  }
}
