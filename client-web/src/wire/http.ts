import type { Bytes } from '@/crypto/bytes'
import { RelayError, toRelayError } from './errors'

const TIMEOUT = 20_000

export interface HttpCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  body?: unknown
  token?: string
}

/** One that is not JSON both ways, or whose headers count. */
export interface HttpExchange {
  method: HttpCall['method']
  path: string
  headers?: Record<string, string>
  body?: Bytes | string
  token?: string
  /** ms */
  timeout?: number
  signal?: AbortSignal
}

/** `status`: a success, or 304. */
export interface HttpAnswer {
  status: number
  headers: Pick<Headers, 'get'>
  body: Bytes
}

/** One call. Throws a `RelayError` for every outcome but success. Returns `null` for 204. */
export async function call(base: string, request: HttpCall): Promise<unknown> {
  const { method, path, token } = request
  const answer = await exchange(base, {
    method,
    path,
    ...(token !== undefined && { token }),
    ...(request.body !== undefined && {
      body: JSON.stringify(request.body),
      headers: { 'Content-Type': 'application/json' },
    }),
  })
  const body = parse(decode(answer.body))
  if (body === undefined) throw new RelayError('bad_answer', 'the answer is not JSON')
  return body
}

/** @throws RelayError for every outcome but success and 304; `cancelled` by the signal is a `no_answer` */
export async function exchange(base: string, request: HttpExchange): Promise<HttpAnswer> {
  const headers: Record<string, string> = { ...request.headers }
  if (request.token !== undefined) headers['Authorization'] = `Bearer ${request.token}`
  const over = AbortSignal.timeout(request.timeout ?? TIMEOUT)
  let response: Response
  let body: Bytes
  try {
    response = await fetch(base + request.path, {
      method: request.method,
      headers,
      body: request.body ?? null,
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: request.signal ? AbortSignal.any([over, request.signal]) : over,
    })
    body = new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    throw new RelayError('no_answer', 'the relay does not answer', null, {}, { cause })
  }
  if (!response.ok && response.status !== 304) {
    throw toRelayError(withRetryAfter(parse(decode(body)), response), response.status)
  }
  return { status: response.status, headers: response.headers, body }
}

const decode = (body: Bytes): string => new TextDecoder().decode(body)

function parse(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A proxy's refusal has the header only. */
function withRetryAfter(body: unknown, response: Response): unknown {
  const seconds = Number(response.headers.get('Retry-After') ?? NaN)
  if (!Number.isFinite(seconds) || (typeof body === 'object' && body && 'retry_after_ms' in body)) {
    return body
  }
  return { ...(body as object), retry_after_ms: seconds * 1000 }
}
