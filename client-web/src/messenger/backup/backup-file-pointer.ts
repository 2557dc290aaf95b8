/** A file of a message in a backup: where it lies at the relay and its key, not what is in it. */
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { bytes, flag, nullable, number, optional, shape, text } from '@/storage/decoders'
import type { FileRecord } from '@/messenger/core/file-record'

export interface BackupFilePointer {
  id: string | null
  key: Bytes
  size: number
  type: string
  name: string
  digest: Bytes
  width?: number
  height?: number
  durationMs?: number
  thumbnail?: Bytes
  voice?: boolean
}

export const file = shape<BackupFilePointer>({
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

/** No bytes are views of the file. */
export function copyFile(given: BackupFilePointer): FileRecord {
  const { id, key, size, type, name, digest, width, height, durationMs, thumbnail, voice } = given
  return {
    id,
    key: own(key),
    size,
    type,
    name,
    digest: own(digest),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(durationMs !== undefined && { durationMs }),
    ...(thumbnail !== undefined && { thumbnail: own(thumbnail) }),
    ...(voice && { voice }),
  }
}
