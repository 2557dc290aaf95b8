/**
 * Names a file of a message: where its sealed blob lies at the relay, and its key. What a reader cannot do without is
 * read strictly; a hint (size of a picture, thumbnail) that is none is left out.
 */
import { fromBase64 } from '@/crypto/bytes'
import { isCount, isRecord, malformed } from '@/messenger/contents/checks'
import { wellFormed } from '@/text/graphemes'

/** In one message. */
export const MOST_FILES = 20
/** Of one thumbnail, bytes. */
export const MOST_THUMBNAIL = 4_096
const MOST_NAME = 255
const MOST_TYPE = 127
/** A millisecond count that fits a day, and a picture's side, px. */
const DAY = 86_400_000
const MOST_SIDE = 65_535

/** As in JSON; bytes are base64. */
export interface FilePointer {
  id: string
  key: string
  /** Of the content, bytes. */
  size: number
  type: string
  name: string
  digest: string
  width?: number
  height?: number
  duration_ms?: number
  thumbnail?: string
  voice?: true
}

/** @throws ContentError */
export function readPointers(value: unknown): { files?: FilePointer[] } {
  if (value === undefined) return {}
  if (!Array.isArray(value) || value.length > MOST_FILES) throw malformed()
  return value.length > 0 ? { files: value.map(readPointer) } : {}
}

function readPointer(value: unknown): FilePointer {
  if (!isRecord(value)) throw malformed()
  const { id, key, size, type, name, digest } = value
  if (typeof id !== 'string' || !/^[\w-]{43}$/.test(id) || !isCount(size, 0)) throw malformed()
  if (!isBytes(key, 32) || !isBytes(digest, 32)) throw malformed()
  if (typeof type !== 'string' || typeof name !== 'string') throw malformed()
  if (type.length > MOST_TYPE || name.length > MOST_NAME) throw malformed()
  return { id, key, size, type, name: wellFormed(name), digest, ...hints(value) }
}

function hints(value: Record<string, unknown>): Partial<FilePointer> {
  const { width, height, duration_ms: duration, thumbnail, voice } = value
  const isSide = (side: unknown): side is number => isCount(side, 1) && side <= MOST_SIDE
  return {
    ...(isSide(width) && isSide(height) && { width, height }),
    ...(isCount(duration, 0) && duration <= DAY && { duration_ms: duration }),
    ...(isThumbnail(thumbnail) && { thumbnail }),
    ...(voice === true && { voice }),
  }
}

function isBytes(value: unknown, length: number): value is string {
  return typeof value === 'string' && bytesIn(value) === length
}

function isThumbnail(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MOST_THUMBNAIL * 2) return false
  const length = bytesIn(value)
  return length > 0 && length <= MOST_THUMBNAIL
}

/** -1 for what is no base64. */
function bytesIn(text: string): number {
  try {
    return fromBase64(text).length
  } catch {
    return -1
  }
}
