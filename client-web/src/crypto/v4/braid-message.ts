/**
 * What the post-quantum ratchet adds to a message: 4 to 41 bytes. Promise: whatever `decode` accepts is in range.
 * Source: Signal, "The ML-KEM Braid Protocol", messages; the form is that of Signal's clients.
 */
import { concat } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { CHUNKS } from './erasure'
import type { Chunk } from './erasure'
import { Reader, varint } from './varint'

const VERSION = 1
/** In the order of their numbers on the wire. */
const KINDS = ['none', 'header', 'vector', 'vectorAndAck', 'ack', 'ct1', 'ct2'] as const
type Kind = (typeof KINDS)[number]
const WITHOUT_CHUNK: ReadonlySet<Kind> = new Set<Kind>(['none', 'ack'])

export type Payload =
  | { kind: 'none' | 'ack' }
  | { kind: 'header' | 'vector' | 'vectorAndAck' | 'ct1' | 'ct2'; chunk: Chunk }

export interface BraidMessage {
  /** From 1; its keys are those of the epoch before. */
  epoch: number
  /** Of the key of this message, from 1. */
  index: number
  payload: Payload
}

export interface ReceivedBraidMessage extends BraidMessage {
  /** Of a later version, whose payload is not known here. */
  later: boolean
}

export function encodeBraidMessage({ epoch, index, payload }: BraidMessage): Bytes {
  const head = [
    Uint8Array.of(VERSION),
    varint(epoch),
    varint(index),
    Uint8Array.of(KINDS.indexOf(payload.kind)),
  ]
  if (!('chunk' in payload)) return concat(...head)
  return concat(...head, varint(payload.chunk.number), payload.chunk.data)
}

/** Bytes after the end are ignored. @throws CryptoError `bad_message` */
export function decodeBraidMessage(bytes: Bytes): ReceivedBraidMessage {
  const reader = new Reader(bytes)
  const version = reader.byte()
  const later = version > VERSION
  const epoch = reader.varint(Number.MAX_SAFE_INTEGER - 1)
  const index = reader.varint()
  const kind = later ? 'none' : KINDS[reader.byte()]
  if (version < VERSION || epoch === 0 || kind === undefined) {
    throw new CryptoError('bad_message', 'malformed ratchet')
  }
  if (WITHOUT_CHUNK.has(kind)) return { epoch, index, payload: { kind } as Payload, later }
  const chunk = { number: reader.varint(CHUNKS - 1), data: reader.take(32) }
  return { epoch, index, payload: { kind, chunk } as Payload, later }
}
