/**
 * A file as the relay keeps it: padded with zeros, cut into chunks, each AES-256-GCM (STREAM: Hoang, Reyhanitabar,
 * Rogaway, Vizár 2015). Invariant: a chunk that was changed, moved, repeated or left out opens nothing from there on.
 * Layout: 7 random bytes | chunk 0 | chunk 1 | … ; nonce of a chunk: the 7 bytes | u32 counter, big endian | 1 for the
 * last chunk, else 0.
 */
import { random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

/** Of the padded content, bytes. */
export const CHUNK_BYTES = 65_536
export const TAG_BYTES = 16
export const PREFIX_BYTES = 7
const LEAST_PADDED = 541
/** Sealed or opened at the same time; of what is under way, memory holds this many chunks. */
const AT_ONCE = 16

/** The bytes from `start` to `end`. */
export type ReadBytes = (start: number, end: number) => Promise<Bytes>

/** The size that a content of `size` bytes is padded to: hides it within five percent. */
export function paddedSize(size: number): number {
  const step = 1.05 ** Math.ceil(Math.log(size) / Math.log(1.05))
  // A rounding error must not cut the content.
  return Math.max(LEAST_PADDED, Math.floor(step), size)
}

/** Of a blob, in bytes. */
export const sealedSize = (padded: number): number =>
  PREFIX_BYTES + padded + TAG_BYTES * chunksIn(padded)

/** No blob of a content of `size` bytes is larger: padding adds less than a twentieth. */
export const mostSealed = (size: number): number =>
  sealedSize(Math.max(LEAST_PADDED, Math.ceil(size * 1.05) + 1))

/** The blob in pieces. `key`: 32 bytes, random, of this file alone. @throws CryptoError `bad_file`: `read` gave too little */
export async function* sealBlob(
  key: Bytes,
  read: ReadBytes,
  size: number,
  prefix: Bytes = random(PREFIX_BYTES),
): AsyncGenerator<Bytes> {
  const imported = await importKey(key, 'encrypt')
  const padded = paddedSize(size)
  const count = chunksIn(padded)
  yield prefix
  for (let first = 0; first < count; first += AT_ONCE) {
    const end = Math.min(first + AT_ONCE, count)
    const from = first * CHUNK_BYTES
    const until = Math.min(end * CHUNK_BYTES, padded)
    const plain = new Uint8Array(until - from)
    if (from < size) {
      const given = await read(from, Math.min(until, size))
      if (given.length !== Math.min(until, size) - from) throw bad('the file has another size')
      plain.set(given)
    }
    const sealed = await Promise.all(
      chunksOf(plain, CHUNK_BYTES).map((chunk, i) => {
        const iv = nonce(prefix, first + i, first + i === count - 1)
        return crypto.subtle.encrypt({ name: 'AES-GCM', iv }, imported, chunk)
      }),
    )
    for (const one of sealed) yield new Uint8Array(one)
  }
}

/**
 * The content in pieces; what was yielded is genuine, though more may be missing until the end.
 * `length`: of the blob; `size`: of the content. @throws CryptoError `bad_file`
 */
export async function* openBlob(
  key: Bytes,
  read: ReadBytes,
  length: number,
  size: number,
): AsyncGenerator<Bytes> {
  const sealedChunk = CHUNK_BYTES + TAG_BYTES
  const count = Math.ceil((length - PREFIX_BYTES) / sealedChunk)
  const padded = length - PREFIX_BYTES - count * TAG_BYTES
  const least = Math.max(LEAST_PADDED, size)
  if (length > mostSealed(size) || padded < least || chunksIn(padded) !== count) {
    throw bad('its size does not fit')
  }
  const imported = await importKey(key, 'decrypt')
  const prefix = await read(0, PREFIX_BYTES)
  for (let first = 0; first < count; first += AT_ONCE) {
    const end = Math.min(first + AT_ONCE, count)
    const until = Math.min(PREFIX_BYTES + end * sealedChunk, length)
    const sealed = await read(PREFIX_BYTES + first * sealedChunk, until)
    const opened = await Promise.all(
      chunksOf(sealed, sealedChunk).map((chunk, i) => {
        const iv = nonce(prefix, first + i, first + i === count - 1)
        return crypto.subtle.decrypt({ name: 'AES-GCM', iv }, imported, chunk)
      }),
    ).catch((cause: unknown) => {
      throw bad('a chunk does not open', { cause })
    })
    for (const [i, one] of opened.entries()) {
      const content = withoutPadding(new Uint8Array(one), size - (first + i) * CHUNK_BYTES)
      if (content.length > 0) yield content
    }
  }
}

function withoutPadding(chunk: Bytes, left: number): Bytes {
  if (chunk.length <= left) return chunk
  const end = Math.max(0, left)
  if (chunk.subarray(end).some((byte) => byte !== 0)) throw bad('the padding is not zeros')
  return chunk.slice(0, end)
}

const chunksIn = (padded: number): number => Math.ceil(padded / CHUNK_BYTES)

function chunksOf(whole: Bytes, length: number): Bytes[] {
  const count = Math.ceil(whole.length / length)
  return Array.from({ length: count }, (_, i) => whole.subarray(i * length, (i + 1) * length))
}

function nonce(prefix: Bytes, counter: number, isLast: boolean): Bytes {
  const iv = new Uint8Array(12)
  iv.set(prefix)
  new DataView(iv.buffer).setUint32(PREFIX_BYTES, counter)
  iv[11] = isLast ? 1 : 0
  return iv
}

const importKey = (key: Bytes, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use])

const bad = (message: string, options?: ErrorOptions): CryptoError =>
  new CryptoError('bad_file', message, options)
