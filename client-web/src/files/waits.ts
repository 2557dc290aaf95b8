/** What a transfer that was refused or cut waits for before it goes on. */
import { RelayError, toRelayError } from '@/wire/errors'

/** Passing: the same call may work later. */
const PASSING: ReadonlySet<string> = new Set([
  'rate_limited',
  'unavailable',
  'internal',
  'no_answer',
  'offset_mismatch',
])
const FIRST = 1_000
const MOST = 30_000

/** An answer of the relay, or of a proxy before it, as an error. */
export function refusal(status: number, body: string, retryAfter: string | null): RelayError {
  let problem: unknown = null
  try {
    problem = JSON.parse(body)
  } catch {
    // A proxy's page.
  }
  if (status === 408 || status === 423) return new RelayError('unavailable', `status ${status}`)
  const seconds = Number(retryAfter ?? NaN)
  const given = Number.isFinite(seconds) && seconds >= 0 ? { retry_after_ms: seconds * 1_000 } : {}
  const error = toRelayError({ ...given, ...(problem as object) }, status)
  if (error.code !== 'bad_answer') return error
  if (status === 404 || status === 410) return new RelayError('not_found')
  if (status === 401) return new RelayError('unauthorized')
  if (status === 409) return new RelayError('offset_mismatch')
  if (status === 413) return new RelayError('too_large')
  return error
}

/** Waits between attempts: the relay's own, else longer each time that nothing was gained. */
export class Waits {
  private failures = 0
  private waiting = false

  constructor(private readonly random: () => number = Math.random) {}

  /** Bytes came through. True when a wait is over with it. */
  gained(): boolean {
    const waited = this.waiting
    this.failures = 0
    this.waiting = false
    return waited
  }

  /** Ms until the next attempt; null: `error` does not pass. */
  before(error: unknown): number | null {
    if (!(error instanceof RelayError) || !PASSING.has(error.code)) return null
    this.waiting = true
    if (error.retryAfter !== null) return error.retryAfter
    const step = Math.min(MOST, FIRST * 2 ** this.failures++)
    return step * (0.5 + this.random() / 2)
  }
}

/** @throws the signal's reason */
export function pause(wait: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    signal.throwIfAborted()
    const timer = setTimeout(done, wait)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      fail(signal.reason as Error)
    })
  })
}
