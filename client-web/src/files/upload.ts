/** A sealed file to the relay by tus 1.0.0, until it is whole there: cuts, limits and reloads only delay it. */
import { DetailedError, Upload } from 'tus-js-client'
import { RelayError } from '@/wire/errors'
import { pause, refusal, Waits } from './waits'

/** Of one call. A proxy may hold a larger one back until it has all of it. */
const CALL_BYTES = 8 * 1024 * 1024

export interface UploadHooks {
  /** An access token; `renew`: the last one was refused. */
  token(renew: boolean): Promise<string>
  /** The relay made room under this id; null: it has forgotten the one before. */
  placed(id: string | null): void
  progress(done: number): void
  /** Ms until the next attempt; null: it goes on. */
  waits(wait: number | null): void
}

/**
 * Resolves with the blob's id. `id`: of an upload that was begun before; `isNamed`: others know that id, so no other
 * is taken. @throws RelayError `too_large`, `storage_full` and others that waiting does not cure, `not_found` of a
 * named one; the signal's reason
 */
export async function upload(
  file: Blob,
  endpoint: string,
  id: string | null,
  hooks: UploadHooks,
  signal: AbortSignal,
  isNamed = false,
): Promise<string> {
  const waits = new Waits()
  let place = id
  let renewed = false
  for (;;) {
    try {
      place = await attempt(file, endpoint, place, renewed, signal, {
        ...hooks,
        placed(found) {
          place = found
          hooks.placed(found)
        },
        progress(done) {
          if (waits.gained()) hooks.waits(null)
          renewed = false
          hooks.progress(done)
        },
      })
      return place
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof RelayError)) throw error
      if (error.code === 'not_found' && place !== null && !isNamed) {
        hooks.placed((place = null))
        continue
      }
      const isStale = error.code === 'unauthorized' || error.code === 'token_expired'
      if (isStale && !renewed) {
        renewed = true
        continue
      }
      const wait = waits.before(error)
      if (wait === null) throw error
      hooks.waits(wait)
      await pause(wait, signal)
    }
  }
}

/** Room at the relay for a blob of `size` bytes: its id. Does not wait for room. @throws RelayError */
export async function place(endpoint: string, size: number, token: string): Promise<string> {
  const answer = await ask('POST', endpoint, token, { 'Upload-Length': String(size) })
  if (!answer.ok) throw await refusalOf(answer)
  const id = /\/v1\/blobs\/([\w-]{1,100})$/.exec(answer.headers.get('Location') ?? '')?.[1]
  if (id === undefined) throw new RelayError('bad_answer', 'Location names no blob')
  return id
}

/** Gives an upload up, or erases a blob. One that is gone already is no failure. @throws RelayError */
export async function erase(endpoint: string, id: string, token: string): Promise<void> {
  const answer = await ask('DELETE', `${endpoint}/${id}`, token)
  if (!answer.ok && answer.status !== 404) throw await refusalOf(answer)
}

/** The largest blob that the relay takes, bytes; null: it takes none. @throws RelayError */
export async function mostBytes(endpoint: string): Promise<number | null> {
  let answer: Response
  try {
    answer = await fetch(endpoint, {
      method: 'OPTIONS',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    })
  } catch (cause) {
    throw new RelayError('no_answer', 'the relay does not answer', null, {}, { cause })
  }
  const most = Number(answer.headers.get('Tus-Max-Size') ?? NaN)
  return answer.ok && most > 0 ? most : null
}

async function ask(
  method: 'POST' | 'DELETE',
  url: string,
  token: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: { ...headers, 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${token}` },
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    })
  } catch (cause) {
    throw new RelayError('no_answer', 'the relay does not answer', null, {}, { cause })
  }
}

const refusalOf = async (answer: Response): Promise<RelayError> =>
  refusal(answer.status, await answer.text(), answer.headers.get('Retry-After'))

async function attempt(
  file: Blob,
  endpoint: string,
  id: string | null,
  renew: boolean,
  signal: AbortSignal,
  hooks: UploadHooks,
): Promise<string> {
  const token = await hooks.token(renew)
  signal.throwIfAborted()
  return new Promise((done, fail) => {
    const idOf = (url: string | null): string => url?.split('/').at(-1) ?? ''
    const transfer = new Upload(file, {
      // With an address of its own alone, a refusal does not begin a second upload.
      ...(id === null ? { endpoint } : { uploadUrl: `${endpoint}/${id}` }),
      chunkSize: CALL_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      headers: { Authorization: `Bearer ${token}` },
      onUploadUrlAvailable: () => hooks.placed(idOf(transfer.url)),
      onProgress: (sent) => hooks.progress(sent),
      onSuccess: () => done(idOf(transfer.url)),
      onError: (error) => fail(asRelayError(error)),
    })
    signal.addEventListener('abort', () => {
      void transfer.abort()
      fail(signal.reason as Error)
    })
    transfer.start()
  })
}

function asRelayError(error: Error | DetailedError): RelayError {
  const answer = error instanceof DetailedError ? error.originalResponse : null
  const status = answer?.getStatus() ?? 0
  if (!answer || status === 0) {
    return new RelayError('no_answer', error.message, null, {}, { cause: error })
  }
  return refusal(status, answer.getBody(), answer.getHeader('Retry-After') ?? null)
}
