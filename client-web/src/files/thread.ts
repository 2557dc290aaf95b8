/**
 * The calls that the files' thread answers: sealing, transfers, opening. It has the key of a file for the length of a
 * call. What it works on is never whole in memory.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { mostSealed, openBlob, sealBlob } from '@/crypto/files/blob'
import { random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import type { CryptoErrorCode } from '@/crypto/errors'
import { RelayError } from '@/wire/errors'
import type { RelayErrorCode } from '@/wire/errors'
import { download } from './download'
import { SealedFiles } from './sealed-files'
import { erase, mostBytes, place, upload } from './upload'

export interface SealedBlob {
  key: Bytes
  /** SHA-256 of the sealed bytes. */
  digest: Bytes
  /** Of the content, and of the sealed bytes. */
  size: number
  sealed: number
}

/** How a transfer goes. Called from the thread. */
export interface TransferHooks {
  token(renew: boolean): Promise<string>
  placed(id: string | null): void
  progress(done: number): void
  waits(wait: number | null): void
}

export interface FileCalls {
  /** The content into the sealed file `name`. */
  seal(name: string, content: Blob): Promise<SealedBlob>
  /** The sealed file to the relay; resolves with its id there. `id`: where it was begun. */
  upload(job: string, name: string, id: string | null, hooks: TransferHooks): Promise<string>
  /** Room at the relay for a blob of `size` bytes: its id. Does not wait for room. */
  place(size: number, token: string): Promise<string>
  /**
   * The sealed file, or its bytes, to a place that others know already. @throws RelayError `not_found`: the relay gave
   * the place up
   */
  complete(job: string, sealed: string | Blob, id: string, hooks: TransferHooks): Promise<void>
  /** Resolves with the size of the sealed file, once it has the digest. */
  download(job: string, name: string, wanted: WantedBlob, hooks: TransferHooks): Promise<number>
  /** The content of a sealed file. */
  open(name: string, key: Bytes, size: number, type: string): Promise<Blob>
  cancel(job: string): Promise<void>
  /** At the relay. */
  erase(id: string, token: string): Promise<void>
  mostBytes(): Promise<number | null>
  /** On this device. */
  remove(name: string): Promise<void>
  names(): Promise<string[]>
}

export interface WantedBlob {
  id: string
  digest: Bytes
  /** Of the content. */
  size: number
}

export type FileOutcome =
  | { ok: true; value: unknown }
  | { ok: false; kind: 'crypto'; code: CryptoErrorCode; message: string }
  | { ok: false; kind: 'relay'; code: RelayErrorCode; message: string; retryAfter: number | null }
  | { ok: false; kind: 'other'; name: string; message: string }

/** Pieces of the plain content, gathered to blobs of this size: the browser keeps those out of our memory. */
const GATHER = 4 * 1024 * 1024
const PROGRESS_EVERY = 100

/** `endpoint`: of the relay's blobs; `directory`: of the sealed files. */
export function fileCalls(endpoint: string, directory: string): FileCalls {
  const files = new SealedFiles(directory)
  const jobs = new Map<string, AbortController>()

  async function running<T>(job: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    jobs.set(job, controller)
    try {
      return await work(controller.signal)
    } finally {
      if (jobs.get(job) === controller) jobs.delete(job)
    }
  }

  return {
    async seal(name, content) {
      const key = random(32)
      const hash = sha256.create()
      let sealed = 0
      const read = async (start: number, end: number): Promise<Bytes> =>
        new Uint8Array(await content.slice(start, end).arrayBuffer())
      async function* noted(): AsyncGenerator<Bytes> {
        for await (const piece of sealBlob(key, read, content.size)) {
          hash.update(piece)
          sealed += piece.length
          yield piece
        }
      }
      try {
        await files.append(name, 0, noted())
      } catch (error) {
        await files.remove(name).catch(() => undefined)
        throw error
      }
      return { key, digest: Uint8Array.from(hash.digest()), size: content.size, sealed }
    },
    upload: (job, name, id, hooks) =>
      running(job, async (signal) =>
        upload(await files.read(name), endpoint, id, unhurried(hooks), signal),
      ),
    place: (size, token) => place(endpoint, size, token),
    complete: (job, sealed, id, hooks) =>
      running(job, async (signal) => {
        const blob = typeof sealed === 'string' ? await files.read(sealed) : sealed
        await upload(blob, endpoint, id, unhurried(hooks), signal, true)
      }),
    download: (job, name, { id, digest, size }, hooks) =>
      running(job, async (signal) => {
        const wanted = { id, digest, most: mostSealed(size) }
        await download(files, name, endpoint, wanted, unhurried(hooks), signal)
        return (await files.read(name)).size
      }),
    async open(name, key, size, type) {
      const file = await files.read(name)
      const read = async (start: number, end: number): Promise<Bytes> =>
        new Uint8Array(await file.slice(start, end).arrayBuffer())
      const parts: Blob[] = []
      let gathered: Bytes[] = []
      let held = 0
      for await (const piece of openBlob(key, read, file.size, size)) {
        gathered.push(piece)
        held += piece.length
        if (held < GATHER) continue
        parts.push(new Blob(gathered))
        gathered = []
        held = 0
      }
      return new Blob([...parts, ...gathered], { type })
    },
    async cancel(job) {
      jobs.get(job)?.abort(new DOMException('cancelled', 'AbortError'))
    },
    erase: (id, token) => erase(endpoint, id, token),
    mostBytes: () => mostBytes(endpoint),
    remove: (name) => files.remove(name),
    names: () => files.names(),
  }
}

/** Progress as often as a person can see it: the browser reports each packet. A proxy of the page's has no fields to copy. */
function unhurried(hooks: TransferHooks): TransferHooks {
  let last = -Infinity
  return {
    token: (renew) => hooks.token(renew),
    placed: (id) => hooks.placed(id),
    waits: (wait) => hooks.waits(wait),
    progress(done) {
      const now = performance.now()
      if (now - last < PROGRESS_EVERY) return
      last = now
      hooks.progress(done)
    },
  }
}

/** Errors lose their type on the way between threads, so they travel as values. */
export async function outcomeOf(work: () => Promise<unknown>): Promise<FileOutcome> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof CryptoError)
      return { ok: false, kind: 'crypto', code: error.code, message }
    if (error instanceof RelayError) {
      const { code, retryAfter } = error
      return { ok: false, kind: 'relay', code, message, retryAfter }
    }
    const name = error instanceof Error ? error.name : 'Error'
    return { ok: false, kind: 'other', name, message }
  }
}
