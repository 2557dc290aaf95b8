import { fromBase64, fromUtf8 } from '@/crypto/bytes'
import { steadyClock } from '@/platform/clock'
import type { Elapsed } from '@/platform/clock'
import { RelayError } from './errors'
import type { SessionTokens } from './types'

/** Tokens are renewed this long before they expire, ms. */
const MARGIN = 60_000
const DEFAULT_LIFETIME = 15 * 60_000

export interface TokenKeeperOptions {
  refresh(refreshToken: string): Promise<SessionTokens>
  /** Resolves once the tokens are on disk. */
  save(tokens: SessionTokens): Promise<void>
  /** The session has ended: a log-in is required. */
  ended(code: 'token_expired' | 'token_reused'): void
  now?: () => number
  elapsed?: Elapsed
}

/**
 * The current tokens. A new refresh token is stored before its first use; until then the relay accepts the old one
 * again. So neither a lost answer nor a crash ends the session.
 */
export class TokenKeeper {
  private refreshing: Promise<string> | null = null
  /** Number of renewals begun, and the newest one whose tokens are stored. */
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
    // The time of issue is unknown after a restart; a refusal corrects the estimate.
    this.expires = this.elapsed() + Math.min(tokens.access_expires_at - now(), lifetime(tokens))
  }

  /** An access token with time left. @throws RelayError */
  async access(): Promise<string> {
    if (this.elapsed() < this.expires - MARGIN) return this.tokens.access_token
    return this.renew()
  }

  /** Remaining lifetime of the access token, ms. */
  remaining(): number {
    return this.expires - this.elapsed()
  }

  /**
   * The relay's wall clock, from the end of its newest token, ms. After a restart it is at most one token lifetime
   * behind until the next renewal.
   */
  relayTime(): number {
    return this.tokens.access_expires_at - this.remaining()
  }

  /** A new access token. Simultaneous calls share one renewal. @throws RelayError */
  renew(): Promise<string> {
    if (this.refreshing) return this.refreshing
    const renewal = this.exchange(++this.begun).finally(() => {
      if (this.refreshing === renewal) this.refreshing = null
    })
    this.refreshing = renewal
    return renewal
  }

  /**
   * The next call begins another renewal: the present one may be lost in a network that is gone. Both use the same
   * refresh token, which the relay accepts until its successor is used.
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
