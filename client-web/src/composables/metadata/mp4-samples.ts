/** Where the samples of a track lie in the file (ISO/IEC 14496-12, 8.7). */
import { boxUnder } from './boxes'
import type { Box } from './boxes'
import type { Patch, PieceReader } from './patched'

/** As what erases them; null for tables that do not fit together. */
export async function erasedSamples(reader: PieceReader, stbl: Box): Promise<Patch[] | null> {
  const table = async (type: string): Promise<DataView | null> => {
    const box = await boxUnder(reader, stbl, type)
    return box && reader.read(box.body, box.end - box.body).then(copyOf)
  }
  const sizes = await table('stsz')
  const chunks = await table('stsc')
  const short = await table('stco')
  const long = short ? null : await table('co64')
  const offsets = short ?? long
  if (!sizes || !chunks || !offsets) return null
  try {
    const fixed = sizes.getUint32(4)
    const count = sizes.getUint32(8)
    const sizeOf = (sample: number): number => fixed || sizes.getUint32(12 + 4 * sample)
    const patches: Patch[] = []
    let sample = 0
    for (let chunk = 0; chunk < offsets.getUint32(4) && sample < count; chunk++) {
      const at = short
        ? short.getUint32(8 + 4 * chunk)
        : Number(offsets.getBigUint64(8 + 8 * chunk))
      const end = Math.min(count, sample + samplesOf(chunks, chunk + 1))
      let length = 0
      for (; sample < end; sample++) length += sizeOf(sample)
      patches.push({ from: at, to: at + length })
    }
    return sample === count ? patches : null
  } catch {
    // A table ends too early.
    return null
  }
}

/** Of a chunk, counted from 1. */
function samplesOf(chunks: DataView, chunk: number): number {
  let samples = 0
  for (let entry = 0; entry < chunks.getUint32(4); entry++) {
    if (chunks.getUint32(8 + 12 * entry) > chunk) break
    samples = chunks.getUint32(12 + 12 * entry)
  }
  return samples
}

/** The reader's next piece takes the place of the one before. */
const copyOf = (view: DataView): DataView =>
  new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
