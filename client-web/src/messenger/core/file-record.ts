/** A file of a message as it lies with the message on this device, as it goes in a content, and as views get it. */
import { fromBase64, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { FilePointer } from '@/messenger/contents/text/pointer'
import type { FileKind, MessageFile } from '@/messenger/contract'
import { bytes, flag, nullable, number, optional, shape, text } from '@/storage/decoders'
import { fileName } from '@/text/file-names'

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

/** Of a file that is at the relay. */
export function pointerOf(record: FileRecord): FilePointer {
  const { id, key, size, type, name, digest, width, height, durationMs, thumbnail, voice } = record
  if (id === null) throw new TypeError('the file is not at the relay')
  return {
    id,
    key: toBase64(key),
    size,
    type,
    name,
    digest: toBase64(digest),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(durationMs !== undefined && { duration_ms: durationMs }),
    ...(thumbnail !== undefined && { thumbnail: toBase64(thumbnail) }),
    ...(voice && { voice: true as const }),
  }
}

/** What this device calls it. */
export const fileIdOf = ({ digest }: FileRecord): string => toBase64(digest)

/** Types that a page shows without running anything of them. */
const IMAGES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif'])
const VIDEOS = new Set(['video/mp4', 'video/webm', 'video/quicktime'])

function kindOf({ type, voice }: FileRecord): FileKind {
  if (voice && type.startsWith('audio/')) return 'voice'
  if (IMAGES.has(type)) return 'image'
  return VIDEOS.has(type) ? 'video' : 'file'
}

export function shownFile(record: FileRecord): MessageFile {
  const { name, type, size, width, height, durationMs, thumbnail } = record
  return {
    id: fileIdOf(record),
    kind: kindOf(record),
    name: fileName(name),
    type,
    size,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(durationMs !== undefined && { durationMs }),
    ...(thumbnail && { thumbnail: new Blob([thumbnail]) }),
  }
}

/** The type under which a content may be opened by this page; nothing that a browser would run. */
export const safeType = (record: FileRecord): string =>
  kindOf(record) === 'file' ? 'application/octet-stream' : (record.type.split(';')[0] ?? '')
