import { RelayError, toRelayError } from './errors'

const TIMEOUT = 20_000

export interface HttpCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  body?: unknown
  token?: string
}

/** One call. Throws a `RelayError` for every outcome but success. Returns `null` for 204. */
export async function call(base: string, request: HttpCall): Promise<unknown> {
  const headers: Record<string, string> = {}
  if (request.body !== undefined) headers['Content-Type'] = 'application/json'
  if (request.token !== undefined) headers['Authorization'] = `Bearer ${request.token}`
  let response: Response
  let text: string
  try {
    response = await fetch(base + request.path, {
      method: request.method,
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT),
    })
    text = await response.text()
  } catch (cause) {
    throw new RelayError('no_answer', 'the relay does not answer', null, {}, { cause })
  }
  const body = parse(text)
  if (!response.ok) throw toRelayError(withRetryAfter(body, response), response.status)
  if (body === undefined) throw new RelayError('bad_answer', 'the answer is not JSON')
  return body
}

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
