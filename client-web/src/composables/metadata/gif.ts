/** GIF files without comments and what programs wrote beside the pictures (GIF89a, sections 24 and 26). */

const EXTENSION = 0x21
const APPLICATION = 0xff
const PICTURE = 0x2c
const TRAILER = 0x3b
/** Extensions that are drawn: plain text, graphic control. */
const DRAWN = new Set([0x01, 0xf9])
/** How often an animation repeats. */
const REPEATS = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0'])

/**
 * Null for what is no such file. It ends where a decoder stops: at the trailer, or before what is no block. A picture
 * that was cut is kept as far as it goes.
 */
export async function withoutGifMetadata(file: Blob): Promise<Blob | null> {
  const data = new Uint8Array(await file.arrayBuffer())
  const text = (from: number, length: number): string =>
    String.fromCodePoint(...data.subarray(from, from + length))
  if (!text(0, 6).startsWith('GIF8') || data.length < 14) return null
  const tableOf = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  const parts: Uint8Array<ArrayBuffer>[] = []
  let at = 13 + tableOf(data[10] ?? 0)
  parts.push(data.subarray(0, at))
  let hasPicture = false
  while (at < data.length && data[at] !== TRAILER) {
    const start = at
    const label = data[at + 1]
    const isPicture = data[at] === PICTURE
    if (isPicture) at += 11 + tableOf(data[at + 9] ?? 0)
    else if (data[at] === EXTENSION) at += 2
    else break
    hasPicture ||= isPicture
    const isKept =
      isPicture ||
      DRAWN.has(label ?? 0) ||
      (label === APPLICATION && REPEATS.has(text(start + 3, 11)))
    while (data[at]) at += 1 + (data[at] ?? 0)
    at += 1
    if (isKept) parts.push(data.subarray(start, at))
  }
  return hasPicture ? new Blob([...parts, Uint8Array.of(TRAILER)], { type: file.type }) : null
}
