/** Codes of the wire contract, and those of a way that fails before the relay could answer. */
export type RelayErrorCode =
  | 'invalid'
  | 'username_taken'
  | 'bad_credentials'
  | 'unauthorized'
  | 'token_expired'
  | 'token_reused'
  | 'rate_limited'
  | 'not_found'
  | 'identity_conflict'
  | 'identity_changed'
  | 'bad_signature'
  | 'device_inactive'
  | 'device_mismatch'
  | 'mailbox_full'
  | 'too_large'
  /** The user's files that wait at the relay have no more room. */
  | 'storage_full'
  | 'offset_mismatch'
  | 'unavailable'
  | 'internal'
  /** No answer: what was asked may or may not have happened. */
  | 'no_answer'
  /** An answer that the contract does not know. */
  | 'bad_answer'

/** The only error calls to the relay throw. */
export class RelayError extends Error {
  override readonly name = 'RelayError'
  constructor(
    readonly code: RelayErrorCode,
    message: string = code,
    /** How long to wait before the same may work, ms; null where waiting does not help. */
    readonly retryAfter: number | null = null,
    /** Further members of the problem, as the contract names them for the code. */
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The longest wait anybody may ask of us, ms: a timer of more than 2^31 ms would fire at once. */
const LONGEST_WAIT = 24 * 3_600_000

const CODES = new Set<string>([
  'invalid',
  'username_taken',
  'bad_credentials',
  'unauthorized',
  'token_expired',
  'token_reused',
  'rate_limited',
  'not_found',
  'identity_conflict',
  'identity_changed',
  'bad_signature',
  'device_inactive',
  'device_mismatch',
  'mailbox_full',
  'too_large',
  'storage_full',
  'offset_mismatch',
  'unavailable',
  'internal',
] satisfies RelayErrorCode[])

/** A problem document or a socket's `error`, whatever it really is. */
export function toRelayError(problem: unknown, status?: number): RelayError {
  const fields = (typeof problem === 'object' && problem !== null ? problem : {}) as Record<
    string,
    unknown
  >
  const { code, retry_after_ms: wait } = fields
  const message = String(fields['detail'] ?? fields['message'] ?? code ?? `status ${status}`)
  const retryAfter = typeof wait === 'number' && wait >= 0 ? Math.min(wait, LONGEST_WAIT) : null
  if (typeof code === 'string' && CODES.has(code)) {
    return new RelayError(code as RelayErrorCode, message, retryAfter, fields)
  }
  // A proxy in front of the relay answers without our problem document.
  if (status !== undefined && status >= 500) return new RelayError('unavailable', message)
  if (status === 429) return new RelayError('rate_limited', message, retryAfter)
  return new RelayError('bad_answer', message, null, fields)
}
