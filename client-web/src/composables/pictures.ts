/**
 * Files as they are sent. A photo is drawn anew, and from videos and GIFs what stands beside the pictures is removed:
 * place, time, device. Each picture and video gets a thumbnail. Fetched when the first file is chosen.
 */
import type { NewFile } from '@/messenger/contract'
import { thumbnailBytes } from '@/messenger/contract'
import { withoutMetadata } from './metadata/without-metadata'

/** The longer side of a photo that is sent, px. */
const MOST_SIDE = 2_560
const QUALITY = 0.86
const THUMBNAIL_SIDES = [96, 72, 48, 32, 16]
/** Animated, or nothing that a canvas draws as it was. */
const KEPT = new Set(['image/gif', 'image/svg+xml'])
const VIDEO_WAIT = 5_000

interface Size {
  readonly width: number
  readonly height: number
}

/** What becomes of a file before it is sent. */
export type Cleaning =
  /** Drawn anew, and smaller. */
  | 'drawn'
  /** As it is, without place, time and device. */
  | 'cleaned'
  /** As it is, with everything that is in it: there is no way here to remove it. */
  | 'none'

export async function cleaningOf(file: File): Promise<Cleaning> {
  if (!isPhoto(file)) return (await cleaned(file)) ? 'cleaned' : 'none'
  const bitmap = await createImageBitmap(file).catch(() => null)
  bitmap?.close()
  return bitmap ? 'drawn' : 'none'
}

/** Null where nothing is removed. */
const cleaned = (file: File): Promise<Blob | null> => withoutMetadata(file).catch(() => null)

const isPhoto = ({ type }: File): boolean => type.startsWith('image/') && !KEPT.has(type)

/** Ready to be sent, in the order given. */
export async function prepare(files: readonly File[]): Promise<NewFile[]> {
  const most = thumbnailBytes(files.length)
  const ready: NewFile[] = []
  for (const file of files) ready.push(await prepareOne(file, most))
  return ready
}

async function prepareOne(file: File, most: number): Promise<NewFile> {
  const content = isPhoto(file) ? file : ((await cleaned(file)) ?? file)
  const plain = { content, name: file.name, type: file.type || 'application/octet-stream' }
  if (file.type.startsWith('video/')) return { ...plain, ...(await ofVideo(file, most)) }
  if (!file.type.startsWith('image/') || file.type === 'image/svg+xml') return plain
  const bitmap = await createImageBitmap(file).catch(() => null)
  if (!bitmap) return plain
  try {
    const thumbnail = await thumbnailOf(bitmap, bitmap, most)
    if (!isPhoto(file)) {
      return { ...plain, width: bitmap.width, height: bitmap.height, ...thumbnail }
    }
    return { ...(await drawnAnew(bitmap, file)), ...thumbnail }
  } finally {
    bitmap.close()
  }
}

async function drawnAnew(bitmap: ImageBitmap, file: File): Promise<NewFile> {
  const { width, height } = fitted(bitmap, MOST_SIDE)
  const canvas = drawn(bitmap, { width, height })
  // What may be see-through, or is a drawing with sharp edges, is no JPEG.
  const wanted =
    file.type === 'image/png' || file.type === 'image/webp' ? 'image/webp' : 'image/jpeg'
  const content = await canvas.convertToBlob({ type: wanted, quality: QUALITY })
  return { content, name: renamed(file.name, content.type), type: content.type, width, height }
}

function renamed(name: string, type: string): string {
  const ending = type === 'image/jpeg' ? 'jpg' : (type.split('/')[1] ?? '')
  const dot = name.lastIndexOf('.')
  return `${dot > 0 ? name.slice(0, dot) : name || 'photo'}.${ending}`
}

async function ofVideo(file: File, most: number): Promise<Partial<NewFile>> {
  const video = document.createElement('video')
  const url = URL.createObjectURL(file)
  try {
    video.muted = true
    video.preload = 'auto'
    video.playsInline = true
    const loaded = once(video, 'loadeddata')
    video.src = url
    await loaded
    // The first frame is often black.
    const sought = once(video, 'seeked')
    video.currentTime = Math.min(0.5, (video.duration || 0) / 4)
    await sought
    const size = { width: video.videoWidth, height: video.videoHeight }
    if (size.width === 0) return {}
    const known = Number.isFinite(video.duration) ? { durationMs: video.duration * 1_000 } : {}
    return { ...size, ...known, ...(await thumbnailOf(video, size, most)) }
  } catch {
    // One that this browser does not play is sent all the same.
    return {}
  } finally {
    video.removeAttribute('src')
    URL.revokeObjectURL(url)
  }
}

function once(video: HTMLVideoElement, event: string): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`no ${event}`)), VIDEO_WAIT)
    const end = (then: () => void): void => {
      clearTimeout(timer)
      then()
    }
    video.addEventListener(event, () => end(done), { once: true })
    video.addEventListener('error', () => end(() => fail(new Error('not played'))), { once: true })
  })
}

/** The largest that fits; none where nothing does. */
async function thumbnailOf(
  source: CanvasImageSource,
  size: Size,
  most: number,
): Promise<{ thumbnail?: Uint8Array }> {
  for (const side of THUMBNAIL_SIDES) {
    const canvas = drawn(source, fitted(size, side))
    for (const type of ['image/webp', 'image/jpeg']) {
      const small = await canvas.convertToBlob({ type, quality: 0.5 })
      if (small.size > most) continue
      return { thumbnail: new Uint8Array(await small.arrayBuffer()) }
    }
  }
  return {}
}

function drawn(source: CanvasImageSource, { width, height }: Size): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser draws no pictures')
  context.imageSmoothingQuality = 'high'
  context.drawImage(source, 0, 0, width, height)
  return canvas
}

function fitted({ width, height }: Size, most: number): Size {
  const scale = Math.min(1, most / Math.max(width, height))
  const side = (length: number): number => Math.max(1, Math.round(length * scale))
  return { width: side(width), height: side(height) }
}
