/** A file of a message as views get it, and as it goes in a content. */
import { toBase64 } from '@/crypto/bytes'
import type { FilePointer } from '@/messenger/contents/text/pointer'
import type { FileKind, MessageFile } from '@/messenger/contract'
import { fileName } from '@/text/file-names'
import { fileIdOf } from './file-record'
import type { FileRecord } from './file-record'

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
