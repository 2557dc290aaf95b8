/**
 * WebM and Matroska files without tags, dates and the names of programs (RFC 9559). Nothing moves: what goes becomes a
 * `Void` element of the same length.
 */
import { patched, PieceReader } from './patched'
import type { Patch } from './patched'

const EBML = 0x1a45dfa3
const SEGMENT = 0x18538067
const CLUSTER = 0x1f43b675
const INFO = 0x1549a966
const TRACKS = 0x1654ae6b
const TRACK = 0xae
const VOID = 0xec
/** Tags, attachments. */
const GONE = new Set([0x1254c367, 0x1941a469])
/** It would be wrong once something is gone. */
const CHECKSUM = 0xbf
/** Of the info: date, title, ids and names of this segment, of the one before and of the next, its family. */
const GONE_OF_INFO = new Set([
  0x4461, 0x7ba9, 0x73a4, 0x7384, 0x3cb923, 0x3c83ab, 0x3eb923, 0x3e83bb, 0x4444,
])
/** They have to be there: their text goes. */
const PROGRAMS = new Set([0x4d80, 0x5741])
const NAME_OF_TRACK = 0x536e
const CLEANED = new Set([INFO, TRACKS, ...GONE])
const OF_SEGMENT = new Set([0x114d9b74, CLUSTER, 0x1c53bb6b, 0x1043a770, ...CLEANED])

interface Element {
  readonly id: number
  readonly start: number
  readonly body: number
  /** Null: it ends where the next of its kind begins. */
  readonly end: number | null
}

/** Null for what is no such file, or one that cannot be cleaned. */
export async function withoutWebmMetadata(file: Blob): Promise<Blob | null> {
  const reader = new PieceReader(file)
  const head = await elementAt(reader, 0)
  if (head?.id !== EBML || head.end === null) return null
  const segment = await elementAt(reader, head.end)
  if (segment?.id !== SEGMENT) return null
  const patches: Patch[] = []
  const whole = segment.end === null ? file.size : Math.min(segment.end, file.size)
  for await (const one of insideOf(reader, segment.body, whole)) {
    // Only segments and clusters may leave their size open.
    if (one.end === null && CLEANED.has(one.id)) return null
    if (GONE.has(one.id) || one.id === CHECKSUM) patches.push(...voided(one))
    if (one.id === INFO) patches.push(...(await cleanedInfo(reader, one)))
    if (one.id === TRACKS) patches.push(...(await namelessTracks(reader, one)))
  }
  return patched(file, patches, whole)
}

async function cleanedInfo(reader: PieceReader, info: Element): Promise<Patch[]> {
  const patches: Patch[] = []
  for await (const one of insideOf(reader, info.body, info.end ?? info.body)) {
    if (GONE_OF_INFO.has(one.id) || one.id === CHECKSUM) patches.push(...voided(one))
    if (PROGRAMS.has(one.id)) patches.push({ from: one.body, to: one.end ?? one.body })
  }
  return patches
}

async function namelessTracks(reader: PieceReader, tracks: Element): Promise<Patch[]> {
  const patches: Patch[] = []
  for await (const track of insideOf(reader, tracks.body, tracks.end ?? tracks.body)) {
    if (track.id === CHECKSUM) patches.push(...voided(track))
    if (track.id !== TRACK) continue
    for await (const one of insideOf(reader, track.body, track.end ?? track.body)) {
      if (one.id === NAME_OF_TRACK) patches.push({ from: one.body, to: one.end ?? one.body })
      if (one.id === CHECKSUM) patches.push(...voided(one))
    }
  }
  return patches
}

/**
 * One after the other, up to what is no element; of one without a size, what is in it too, which is none of the
 * segment's.
 */
async function* insideOf(reader: PieceReader, from: number, to: number): AsyncGenerator<Element> {
  let at = from
  while (at < to) {
    const found = await elementAt(reader, at)
    if (!found) return
    // A recording that was cut ends within an element.
    const one = { ...found, end: found.end && Math.min(found.end, to) }
    if (one.end !== null || OF_SEGMENT.has(one.id)) yield one
    at = one.end ?? one.body
  }
}

async function elementAt(reader: PieceReader, start: number): Promise<Element | null> {
  const view = await reader.read(start, 12)
  const id = numberAt(view, 0, true)
  const size = id && numberAt(view, id.length, false)
  if (!size) return null
  const body = start + id.length + size.length
  return { id: id.value, start, body, end: size.isUnknown ? null : body + size.value }
}

/** A number of variable length (RFC 8794, section 4); `whole`: with its marker, as ids are written. */
function numberAt(view: DataView, at: number, whole: boolean) {
  if (at >= view.byteLength) return null
  const length = Math.clz32(view.getUint8(at)) - 23
  if (length > 8 || at + length > view.byteLength) return null
  let value = view.getUint8(at) & (whole ? 0xff : 0xff >> length)
  let isUnknown = value === 0xff >> length
  for (let i = 1; i < length; i++) {
    const byte = view.getUint8(at + i)
    isUnknown &&= byte === 0xff
    value = value * 256 + byte
  }
  return { value, length, isUnknown }
}

function voided({ start, end }: Element): Patch[] {
  if (end === null) return []
  const length = end - start
  const head = new Uint8Array(length < 9 ? 2 : 9)
  head[0] = VOID
  if (length < 9) head[1] = 0x80 | (length - 2)
  else new DataView(head.buffer).setBigUint64(1, (1n << 56n) | BigInt(length - 9))
  return [
    { from: start, to: start + head.length, bytes: head },
    { from: start + head.length, to: end },
  ]
}
