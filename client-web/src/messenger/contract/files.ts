import type { ConversationId } from './ids'

/** Names a file on this device and in the files store; views read nothing out of it. */
export type FileId = string

/** How a view shows it; anything that it cannot show safely is a `file`. */
export type FileKind = 'image' | 'video' | 'voice' | 'file'

/** A file of a message. Everything in it is its sender's word. */
export interface MessageFile {
  readonly id: FileId
  readonly kind: FileKind
  /** Fit to be a file's name: no path, no control characters. */
  readonly name: string
  readonly type: string
  /** Bytes. */
  readonly size: number
  /** Of a picture or video, px. */
  readonly width?: number
  readonly height?: number
  readonly durationMs?: number
  /** A small picture. */
  readonly thumbnail?: Blob
}

/** Absent from the store: not on this device, and nothing under way. */
export type FileState =
  /** On this device, whole. */
  | { readonly phase: 'here' }
  /** Bytes; `waitsUntil`: when the next attempt begins after one that failed, ms of `elapsed`. */
  | {
      readonly phase: 'up' | 'down'
      readonly done: number
      readonly total: number
      readonly waitsUntil: number | null
    }
  /** The relay does not have it, or not any more. */
  | { readonly phase: 'gone' }
  /** What the relay gave is another file. */
  | { readonly phase: 'broken' }

/** A file that is to be sent, without what need not be known of it. */
export interface NewFile {
  readonly content: Blob
  readonly name: string
  readonly type: string
  readonly width?: number
  readonly height?: number
  readonly durationMs?: number
  /** At most 4 KiB; of many files less, as all of them go in one message (`thumbnailBytes`). */
  readonly thumbnail?: Uint8Array
  readonly voice?: true
}

/** Most files in one message. */
export const FILES_PER_MESSAGE = 20

const THUMBNAILS = 26_000
/** For each of `count` files of one message. */
export const thumbnailBytes = (count: number): number =>
  Math.min(4_096, Math.floor(THUMBNAILS / Math.max(1, count)))

/** Text beside files: both go in one message. UTF-16 units. */
export const MAX_CAPTION = 4_000

export interface FileUse {
  readonly conversation: ConversationId
  readonly files: number
  readonly bytes: number
}
