/** The boxes of MP4 and QuickTime files (ISO/IEC 14496-12, 4.2). */
import type { PieceReader } from './patched'

export interface Box {
  readonly type: string
  readonly start: number
  /** Where its content begins. */
  readonly body: number
  readonly end: number
}

export const typeAt = (view: DataView, at: number): string =>
  String.fromCodePoint(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)))

/** Those between two places; ends before what is no box. */
export async function boxesIn(reader: PieceReader, from: number, to: number): Promise<Box[]> {
  const found: Box[] = []
  let start = from
  while (start + 8 <= to) {
    const head = await reader.read(start, 16)
    const size = head.getUint32(0)
    const isLong = size === 1 && head.byteLength === 16
    const length = isLong ? Number(head.getBigUint64(8)) : size === 0 ? to - start : size
    const body = start + (isLong ? 16 : 8)
    if (length < body - start) break
    const end = Math.min(start + length, to)
    found.push({ type: typeAt(head, 4), start, body, end })
    start = end
  }
  return found
}

/** The first box under a path of types. */
export async function boxUnder(
  reader: PieceReader,
  box: Box,
  ...path: readonly string[]
): Promise<Box | null> {
  let current: Box | undefined = box
  for (const type of path) {
    const inside: Box[] = await boxesIn(reader, current.body, current.end)
    current = inside.find((one) => one.type === type)
    if (!current) return null
  }
  return current
}
