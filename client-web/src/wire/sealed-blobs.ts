/**
 * Sealed blobs at the relay (PROTOCOL, "Files"): uploads by tus 1.0.0, which go on where they stopped; reading needs
 * no log-in.
 */
import type { Bytes } from '@/crypto/bytes'
import { RelayError } from './errors'
import type { RelayApi } from './api'
import type { Calls } from './wire'

const TUS = { 'Tus-Resumable': '1.0.0' }
/** Of one call. A slow line gets a piece through within it, ms. */
const TIMEOUT = 120_000
const PIECE = 256 * 1024

export class SealedBlobs {
  constructor(
    private readonly api: Pick<RelayApi, 'exchange'>,
    private readonly wire: Calls,
  ) {}

  /** Makes room; the blob's id. */
  async create(size: number): Promise<string> {
    const headers = { ...TUS, 'Upload-Length': String(size) }
    const answer = await this.api.exchange({ method: 'POST', path: '/v1/blobs', headers })
    const id = /^\/v1\/blobs\/([\w-]{1,100})$/.exec(answer.headers.get('Location') ?? '')?.[1]
    if (id === undefined) throw new RelayError('bad_answer', 'Location names no blob')
    return id
  }

  /** Brings up what is missing. @throws RelayError `not_found`: the relay forgot the upload */
  async upload(id: string, blob: Bytes): Promise<void> {
    const path = `/v1/blobs/${id}`
    let offset = offsetOf(await this.api.exchange({ method: 'HEAD', path, headers: TUS }))
    while (offset < blob.length) {
      const answer = await this.api.exchange({
        method: 'PATCH',
        path,
        headers: {
          ...TUS,
          'Upload-Offset': String(offset),
          'Content-Type': 'application/offset+octet-stream',
        },
        body: blob.slice(offset, offset + PIECE),
        timeout: TIMEOUT,
      })
      const next = offsetOf(answer)
      if (next <= offset) throw new RelayError('bad_answer', 'the upload does not advance')
      offset = next
    }
  }

  /** @throws RelayError `not_found`: not there yet, or gone */
  async read(id: string): Promise<Bytes> {
    const answer = await this.wire.exchange({
      method: 'GET',
      path: `/v1/blobs/${id}`,
      timeout: TIMEOUT,
    })
    return answer.body
  }

  /** Nobody needs it any more. */
  async remove(id: string): Promise<void> {
    await this.api.exchange({ method: 'DELETE', path: `/v1/blobs/${id}`, headers: TUS })
  }
}

function offsetOf({ headers }: { headers: Pick<Headers, 'get'> }): number {
  const offset = Number(headers.get('Upload-Offset') ?? NaN)
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RelayError('bad_answer', 'no offset')
  return offset
}
