/**
 * MP4 and QuickTime files without place, time and device. Nothing moves: what goes becomes a `free` box of zeros, as the
 * tables of a file name places in it.
 */
import { boxesIn, boxUnder, typeAt } from './boxes'
import type { Box } from './boxes'
import { overlap, samplesIn } from './mp4-samples'
import type { Range } from './mp4-samples'
import { patched, PieceReader } from './patched'
import type { Patch } from './patched'

/** What a player needs; everything else goes. */
const KEPT: Readonly<Record<string, ReadonlySet<string>>> = {
  file: new Set(['ftyp', 'styp', 'moov', 'mdat', 'moof', 'mfra', 'sidx', 'ssix', 'pdin']),
  moov: new Set(['mvhd', 'trak', 'mvex', 'iods', 'pssh']),
  trak: new Set(['tkhd', 'edts', 'mdia', 'tref', 'tapt', 'load']),
  mdia: new Set(['mdhd', 'hdlr', 'minf', 'elng']),
}
/**
 * Kinds of tracks that are seen or heard; others hold places, sensors, the time of day. So do the subtitles of drones
 * and of cameras in cars.
 */
const SHOWN = new Set(['vide', 'soun', 'clcp'])

/** What becomes of a track, and where its samples lie. */
interface CleanedTrack {
  readonly patches: readonly Patch[]
  readonly shown: readonly Range[]
  readonly gone: readonly Range[]
}

/** Null for what is no such file, or one that cannot be cleaned. */
export async function withoutMp4Metadata(file: Blob): Promise<Blob | null> {
  const reader = new PieceReader(file)
  const top = await boxesIn(reader, 0, file.size)
  const movies = top.filter(({ type }) => type === 'moov')
  const [movie] = movies
  // Without tables, or with packed ones.
  if (!movie || movies.length > 1 || (await boxUnder(reader, movie, 'cmov'))) return null
  const tracks = await cleanedTracks(reader, movie)
  if (!tracks) return null
  const { patches, shown, gone } = tracks
  const isKept = ({ type }: Box): boolean => KEPT['file']?.has(type) === true
  const lost = top.filter((box) => !isKept(box))
  const end = top.at(-1)?.end ?? 0
  // Sizes or tables that lie would take pictures and sound along.
  const tables = top.filter((box) => isKept(box) && box.type !== 'mdat').map(rangeOf)
  const isDamaged =
    overlap([...lost.map(rangeOf), { from: end, to: file.size }], shown) ||
    overlap(gone, [...shown, ...tables])
  if (isDamaged) return null
  return patched(file, [...lost.flatMap(erased), ...patches], end)
}

async function cleanedTracks(reader: PieceReader, movie: Box): Promise<CleanedTrack | null> {
  const { kept, patches } = await sorted(reader, movie, 'moov')
  const whole = { patches, shown: [] as Range[], gone: [] as Range[] }
  const isInFragments = kept.some(({ type }) => type === 'mvex')
  for (const box of kept) {
    if (box.type === 'mvhd') whole.patches.push(...(await undated(reader, box)))
    if (box.type !== 'trak') continue
    const track = await cleanedTrack(reader, box, isInFragments)
    if (!track) return null
    whole.patches.push(...track.patches)
    for (const range of track.shown) whole.shown.push(range)
    for (const range of track.gone) whole.gone.push(range)
  }
  whole.patches.push(...whole.gone)
  return whole
}

async function cleanedTrack(
  reader: PieceReader,
  track: Box,
  isInFragments: boolean,
): Promise<CleanedTrack | null> {
  const handler = await boxUnder(reader, track, 'mdia', 'hdlr')
  const stbl = await boxUnder(reader, track, 'mdia', 'minf', 'stbl')
  if (!handler || handler.end - handler.body < 12 || !stbl) return null
  const kind = typeAt(await reader.read(handler.body + 8, 4), 0)
  const samples = await samplesIn(reader, stbl)
  if (!SHOWN.has(kind)) {
    if (isInFragments || !samples) return null
    return { patches: erased(track), shown: [], gone: samples }
  }
  const { kept, patches } = await sorted(reader, track, 'trak')
  for (const box of kept) {
    if (box.type === 'tkhd') patches.push(...(await undated(reader, box)))
    if (box.type !== 'mdia') continue
    const media = await sorted(reader, box, 'mdia')
    patches.push(...media.patches)
    const header = media.kept.find(({ type }) => type === 'mdhd')
    if (header) patches.push(...(await undated(reader, header)))
  }
  // Who made it, and the handler's name.
  patches.push({ from: handler.body + 12, to: handler.end })
  if (kind === 'vide') patches.push(...(await namelessCoders(reader, stbl)))
  return { patches, shown: samples ?? [], gone: [] }
}

async function sorted(reader: PieceReader, box: Box, name: string) {
  const inside = await boxesIn(reader, box.body, box.end)
  const isKept = ({ type }: Box): boolean => KEPT[name]?.has(type) === true
  return {
    kept: inside.filter(isKept),
    patches: inside.filter((one) => !isKept(one)).flatMap(erased),
  }
}

/** The maker and the name of the device's encoder, of each entry of a video track. */
async function namelessCoders(reader: PieceReader, stbl: Box): Promise<Patch[]> {
  const stsd = await boxUnder(reader, stbl, 'stsd')
  const entries = stsd ? await boxesIn(reader, stsd.body + 8, stsd.end) : []
  return entries
    .filter(({ start, end }) => end - start >= 86)
    .flatMap(({ start }) => [
      { from: start + 20, to: start + 24 },
      { from: start + 50, to: start + 82 },
    ])
}

/** Its times of creation and of change. */
async function undated(reader: PieceReader, { body, end }: Box): Promise<Patch[]> {
  if (end <= body) return []
  const version = (await reader.read(body, 1)).getUint8(0)
  return [{ from: body + 4, to: Math.min(end, body + (version === 1 ? 20 : 12)) }]
}

const rangeOf = ({ start, end }: Box): Range => ({ from: start, to: end })

/** Its size stays as it is written. */
const erased = ({ start, body, end }: Box): Patch[] => [
  { from: start + 4, to: start + 8, bytes: new TextEncoder().encode('free') },
  { from: body, to: end },
]
