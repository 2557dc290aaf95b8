/** A blob of the relay, into a sealed file: goes on where it was cut, and counts only with the right digest. */
import { sha256 } from '@noble/hashes/sha2.js'
import { equal } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { RelayError } from '@/wire/errors'
import type { SealedFiles } from './sealed-files'
import { pause, refusal, Waits } from './waits'

const READ_BYTES = 1024 * 1024
/** Nothing came for this long, ms: the line is gone, whatever the browser says. */
const SILENCE = 30_000

export interface Wanted {
  id: string
  /** SHA-256 of the blob. */
  digest: Bytes
  /** The blob is not larger, bytes. */
  most: number
}

export interface DownloadHooks {
  progress(done: number): void
  waits(wait: number | null): void
}

/**
 * Resolves once the file is whole and has the digest; another one is removed. @throws CryptoError `bad_file`,
 * RelayError `not_found` and others that waiting does not cure; the signal's reason
 */
export async function download(
  files: SealedFiles,
  name: string,
  endpoint: string,
  wanted: Wanted,
  hooks: DownloadHooks,
  signal: AbortSignal,
): Promise<void> {
  const waits = new Waits()
  for (;;) {
    try {
      const here = (await files.read(name)).size
      const from = here <= wanted.most ? here : 0
      const body = await ask(`${endpoint}/${wanted.id}`, from, signal)
      if (body) {
        const pieces = bounded(body.stream, body.from, wanted.most, (done) => {
          if (waits.gained()) hooks.waits(null)
          hooks.progress(done)
        })
        await files.append(name, body.from, pieces)
      }
      break
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof CryptoError) await files.remove(name)
      const wait = waits.before(error)
      if (wait === null) throw error
      hooks.waits(wait)
      await pause(wait, signal)
    }
  }
  if (equal(await digestOf(await files.read(name)), wanted.digest)) return
  await files.remove(name)
  throw new CryptoError('bad_file', 'the digest is another')
}

/** SHA-256, in flat memory. */
export async function digestOf(file: Blob): Promise<Bytes> {
  const hash = sha256.create()
  for (let at = 0; at < file.size; at += READ_BYTES) {
    hash.update(new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer()))
  }
  return Uint8Array.from(hash.digest())
}

/** Null: nothing is missing any more. */
async function ask(
  url: string,
  from: number,
  signal: AbortSignal,
): Promise<{ stream: ReadableStream<Uint8Array>; from: number } | null> {
  let answer: Response
  try {
    answer = await fetch(url, {
      headers: from > 0 ? { Range: `bytes=${from}-` } : {},
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal,
    })
  } catch (cause) {
    throw cut(cause)
  }
  if (answer.status === 416 && from > 0) return null
  if (!answer.ok || !answer.body) {
    const words = await answer.text().catch(() => '')
    throw refusal(answer.status, words, answer.headers.get('Retry-After'))
  }
  // A relay that answers with all of it is taken at its word.
  return { stream: answer.body, from: answer.status === 206 ? from : 0 }
}

async function* bounded(
  stream: ReadableStream<Uint8Array>,
  from: number,
  most: number,
  progress: (done: number) => void,
): AsyncGenerator<Bytes> {
  const reader = stream.getReader()
  let done = from
  try {
    for (;;) {
      const { value, done: ended } = await orSilence(reader.read())
      if (ended) return
      done += value.length
      if (done > most) throw new CryptoError('bad_file', 'the blob is too large')
      yield value as Bytes
      progress(done)
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

async function orSilence<T>(reading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(cut(new Error('silence'))), SILENCE)
  })
  try {
    return await Promise.race([
      reading.catch((cause: unknown) => Promise.reject(cut(cause))),
      silence,
    ])
  } finally {
    clearTimeout(timer)
  }
}

const cut = (cause: unknown): RelayError =>
  new RelayError('no_answer', 'the line was cut', null, {}, { cause })
