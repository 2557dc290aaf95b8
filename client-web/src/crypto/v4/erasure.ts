/**
 * The erasure code for long messages of the post-quantum ratchet. Promise: any `length / 32` different chunks of a
 * message restore it. A message is a multiple of 32 bytes. Chunk x < length / 32 is its bytes 32x … 32x + 31.
 * Further chunks are values of the sixteen polynomials through those (one per word of a chunk). Source: Signal,
 * "The ML-KEM Braid Protocol", section on erasure codes; Reed and Solomon, 1960.
 */
import type { Bytes } from '@/crypto/bytes'
import { invert, multiply } from './field'

const CHUNK_LENGTH = 32
/** Chunk numbers are 16 bits. */
export const CHUNKS = 0x10000

export interface Chunk {
  number: number
  data: Bytes
}

export function chunkOf(message: Bytes, number: number): Bytes {
  const points = split(message)
  return points[number]?.data ?? interpolate(points, number)
}

/** Adds a new chunk while there are too few for `length` bytes. */
export function collect(chunks: readonly Chunk[], chunk: Chunk, length: number): Chunk[] {
  const known = chunks.some(({ number }) => number === chunk.number)
  return known || chunks.length * CHUNK_LENGTH >= length ? [...chunks] : [...chunks, chunk]
}

/** Returns null while there are too few chunks. */
export function assemble(chunks: readonly Chunk[], length: number): Bytes | null {
  if (chunks.length * CHUNK_LENGTH < length) return null
  const received = new Map(chunks.map(({ number, data }) => [number, data]))
  const message = new Uint8Array(length)
  for (let number = 0; number * CHUNK_LENGTH < length; number++) {
    message.set(received.get(number) ?? interpolate(chunks, number), number * CHUNK_LENGTH)
  }
  return message
}

function split(message: Bytes): Chunk[] {
  return Array.from({ length: message.length / CHUNK_LENGTH }, (_, number) => ({
    number,
    data: message.slice(number * CHUNK_LENGTH, (number + 1) * CHUNK_LENGTH),
  }))
}

/** Evaluates the Lagrange polynomials through the chunks at `x`. */
function interpolate(chunks: readonly Chunk[], x: number): Bytes {
  const words = new Uint16Array(CHUNK_LENGTH / 2)
  for (const { number, data } of chunks) {
    let [above, below] = [1, 1]
    for (const other of chunks) {
      if (other.number === number) continue
      above = multiply(above, x ^ other.number)
      below = multiply(below, number ^ other.number)
    }
    const weight = multiply(above, invert(below))
    const view = new DataView(data.buffer, data.byteOffset)
    for (let at = 0; at < words.length; at++) {
      words[at] = (words[at] as number) ^ multiply(view.getUint16(2 * at), weight)
    }
  }
  const result = new Uint8Array(CHUNK_LENGTH)
  const view = new DataView(result.buffer)
  words.forEach((word, at) => view.setUint16(2 * at, word))
  return result
}
