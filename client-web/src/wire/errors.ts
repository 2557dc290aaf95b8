/** Codes of the wire contract, and of failures before an answer. */
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
  /** Somebody else wrote into the link's mailbox meanwhile. */
  | 'conflict'
  /** An upload is at another place. */
  | 'offset_mismatch'
  | 'storage_full'
  | 'unavailable'
  | 'internal'
  /** No answer: the request may or may not have been carried out. */
  | 'no_answer'
  /** An answer outside the contract. */
  | 'bad_answer'

/** The only error that calls to the relay throw. */
export class RelayError extends Error {
  override readonly name = 'RelayError'
  constructor(
    readonly code: RelayErrorCode,
    message: string = code,
    /** Milliseconds after which a retry may succeed; null where waiting does not help. */
    readonly retryAfter: number | null = null,
    /** Further fields of the problem document, as the contract names them for the code. */
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The longest wait that an answer may demand, ms. A timer of more than 2^31 ms would fire at once. */
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
  'conflict',
  'offset_mismatch',
  'storage_full',
  'unavailable',
  'internal',
] satisfies RelayErrorCode[])

/** Converts a problem document or a socket's `error` of any shape. */
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
  // A proxy before the relay answers without a problem document.
  if (status !== undefined && status >= 500) return new RelayError('unavailable', message)
  if (status === 429) return new RelayError('rate_limited', message, retryAfter)
  return new RelayError('bad_answer', message, null, fields)
}
