/** What a test orders of the server of blobs (`blob-server.ts`). */
import { toBase64 } from '@/crypto/bytes'

/** Of the next call of that method. */
export interface Fault {
  method: string
  /** It is refused. */
  status?: number
  code?: string
  /** It is not used up by a call. */
  always?: true
  /** Seconds. */
  retryAfter?: number
  /** The connection ends: of an upload at this size, of a download after this many bytes, once the test says so. */
  cut?: number
  /** More bytes than the blob has. */
  more?: number
  /** The byte at this place is another than in the blob. */
  changed?: number
}

export interface BlobState {
  /** Methods, in order; of a range with its beginning. */
  calls: string[]
  blobs: { id: string; size: number; received: number; digest: string }[]
  /** Faults that did not happen yet. */
  left: number
}

async function order(what: object): Promise<BlobState> {
  const answer = await fetch('/test-blobs', { method: 'POST', body: JSON.stringify(what) })
  return (await answer.json()) as BlobState
}

export const blobRelay = {
  /** Nothing is left of tests before. */
  anew: () => order({ forget: true, clear: true, faults: [], release: true }),
  state: () => order({}),
  faults: (...faults: Fault[]) => order({ faults }),
  /** Ends the downloads that stand at their `cut`. */
  endCut: () => order({ endCut: true }),
  /** Calls of this method wait until `release`. */
  hold: (method: string) => order({ hold: method }),
  release: () => order({ release: true }),
  put: (id: string, data: Uint8Array) => order({ put: { id, data: toBase64(data) } }),
}
