/** Where the samples of a track lie in the file (ISO/IEC 14496-12, 8.7). */
import { boxUnder } from './boxes'
import type { Box } from './boxes'
import type { PieceReader } from './patched'

export interface Range {
  readonly from: number
  readonly to: number
}

/** A table of more is none, bytes: days of video need less. */
const LARGEST = 32 * 1024 * 1024

/** One range for each chunk; null for tables that do not fit together. */
export async function samplesIn(reader: PieceReader, stbl: Box): Promise<Range[] | null> {
  const table = async (type: string): Promise<DataView | null> => {
    const box = await boxUnder(reader, stbl, type)
    if (!box || box.end - box.body > LARGEST) return null
    return reader.read(box.body, box.end - box.body).then(copyOf)
  }
  const sizes = await table('stsz')
  const chunks = await table('stsc')
  const short = await table('stco')
  const offsets = short ?? (await table('co64'))
  if (!sizes || !chunks || !offsets) return null
  try {
    const placeOf = (chunk: number): number =>
      short ? offsets.getUint32(8 + 4 * chunk) : Number(offsets.getBigUint64(8 + 8 * chunk))
    return rangesOf(sizes, chunks, offsets.getUint32(4), placeOf)
  } catch (error) {
    // A table ends too early.
    if (error instanceof RangeError) return null
    throw error
  }
}

function rangesOf(
  sizes: DataView,
  chunks: DataView,
  chunkCount: number,
  placeOf: (chunk: number) => number,
): Range[] | null {
  const fixed = sizes.getUint32(4)
  const count = sizes.getUint32(8)
  const ranges: Range[] = []
  let sample = 0
  let run = 0
  for (let chunk = 0; chunk < chunkCount && sample < count; chunk++) {
    while (run < chunks.getUint32(4) && chunks.getUint32(8 + 12 * run) <= chunk + 1) run++
    const inChunk = run === 0 ? 0 : chunks.getUint32(12 * run)
    const end = Math.min(count, sample + inChunk)
    let length = fixed * (end - sample)
    if (!fixed) for (let one = sample; one < end; one++) length += sizes.getUint32(12 + 4 * one)
    const from = placeOf(chunk)
    ranges.push({ from, to: from + length })
    sample = end
  }
  return sample === count ? ranges : null
}

/** Whether any of some ranges has a byte of any of others. */
export function overlap(some: readonly Range[], others: readonly Range[]): boolean {
  const all = [some, others].flatMap((ranges, side) =>
    ranges.filter(({ from, to }) => to > from).map((range) => ({ ...range, side })),
  )
  const reached: [number, number] = [0, 0]
  for (const { from, to, side } of all.toSorted((a, b) => a.from - b.from)) {
    const mine = side === 0 ? 0 : 1
    if (reached[mine === 0 ? 1 : 0] > from) return true
    reached[mine] = Math.max(reached[mine], to)
  }
  return false
}

/** The reader's next piece takes the place of the one before. */
const copyOf = (view: DataView): DataView =>
  new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
