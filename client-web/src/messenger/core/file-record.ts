/** A file of a message as it lies with the message on this device, and how it comes from a content. */
import { fromBase64, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { FilePointer } from '@/messenger/contents/text/pointer'
import { bytes, flag, nullable, number, optional, shape, text } from '@/storage/decoders'

export interface FileRecord {
  /** At the relay; null: it is not there yet. */
  id: string | null
  key: Bytes
  size: number
  type: string
  name: string
  /** SHA-256 of the sealed bytes. */
  digest: Bytes
  width?: number
  height?: number
  durationMs?: number
  thumbnail?: Bytes
  voice?: boolean
}

export const fileV1 = shape<FileRecord>({
  id: nullable(text),
  key: bytes,
  size: number,
  type: text,
  name: text,
  digest: bytes,
  width: optional(number),
  height: optional(number),
  durationMs: optional(number),
  thumbnail: optional(bytes),
  voice: optional(flag),
})

/** The field of a message. */
export function filesOf(pointers: readonly FilePointer[] | undefined): { files?: FileRecord[] } {
  return pointers ? { files: pointers.map(recordOf) } : {}
}

function recordOf(pointer: FilePointer): FileRecord {
  const { id, key, size, type, name, digest, width, height, thumbnail, voice } = pointer
  const { duration_ms: durationMs } = pointer
  return {
    id,
    key: fromBase64(key),
    size,
    type,
    name,
    digest: fromBase64(digest),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(durationMs !== undefined && { durationMs }),
    ...(thumbnail !== undefined && { thumbnail: fromBase64(thumbnail) }),
    ...(voice && { voice }),
  }
}

/** What this device calls it. */
export const fileIdOf = ({ digest }: FileRecord): string => toBase64(digest)
