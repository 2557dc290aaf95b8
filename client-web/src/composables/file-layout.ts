/** How much room the files of a message take, known before any of them is loaded, so that nothing moves later. */
import type { MessageFile } from '@/messenger/contract'

export interface Box {
  readonly width: number
  readonly height: number
}

/** Of a group of pictures, px. */
const WIDE = 300
const TALLEST = 380
const LEAST = 140
const GAP = 3
const ROW = 60

export const isMedia = ({ kind }: MessageFile): boolean => kind === 'image' || kind === 'video'

/** One picture keeps its shape, within bounds. */
export function singleBox({ width = 4, height = 3 }: Partial<Box>, room = WIDE): Box {
  const ratio = Math.min(3, Math.max(1 / 3, width / height))
  const wide = Math.min(room, TALLEST * ratio)
  const drawn = Math.max(LEAST, Math.round(wide))
  return { width: drawn, height: Math.max(90, Math.round(Math.min(TALLEST, drawn / ratio))) }
}

/** Of all tiles together. */
export function tilesBox(files: readonly MessageFile[], room = WIDE): Box {
  const [only] = files
  if (!only) return { width: 0, height: 0 }
  if (files.length === 1) return singleBox(only, room)
  const cell = (Math.min(WIDE, room) - GAP) / 2
  const rows = files.length === 2 ? 1 : 2
  return { width: Math.min(WIDE, room), height: Math.round(rows * cell + (rows - 1) * GAP) }
}

/** What the files add to a bubble, px. */
export function filesHeight(files: readonly MessageFile[], room: number): number {
  const media = files.filter(isMedia)
  const rows = files.length - media.length
  return (media.length > 0 ? tilesBox(media, Math.min(WIDE, room)).height + 4 : 0) + rows * ROW
}
