/** A file with some of its bytes replaced by as many others; what is kept is never read into memory. */

/** `bytes` absent: zeros. */
export interface Patch {
  readonly from: number
  readonly to: number
  readonly bytes?: Uint8Array<ArrayBuffer>
}

const ZEROS = 1024 * 1024
const zeros = new Blob([new Uint8Array(ZEROS)])

/** `end`: what follows is left out. Patches that overlap: the first counts. */
export function patched(file: Blob, patches: readonly Patch[], end = file.size): Blob {
  const parts: BlobPart[] = []
  let at = 0
  for (const { from, to, bytes } of patches.toSorted((a, b) => a.from - b.from)) {
    const start = Math.max(from, at)
    const stop = Math.min(to, end)
    if (stop <= start) continue
    parts.push(file.slice(at, start))
    if (bytes) parts.push(bytes.subarray(start - from, stop - from))
    else parts.push(...zerosOf(stop - start))
    at = stop
  }
  return new Blob([...parts, file.slice(at, end)], { type: file.type })
}

function zerosOf(length: number): Blob[] {
  const whole = Array.from({ length: Math.floor(length / ZEROS) }, () => zeros)
  return [...whole, zeros.slice(0, length % ZEROS)]
}

const WINDOW = 64 * 1024

/** Reads small pieces of a file, most of them close to the one before. */
export class PieceReader {
  private from = 0
  private held = new Uint8Array(0)

  constructor(private readonly file: Blob) {}

  get size(): number {
    return this.file.size
  }

  /** Fewer bytes at the end of the file. */
  async read(from: number, length: number): Promise<DataView> {
    const isHeld = from >= this.from && from + length <= this.from + this.held.length
    if (!isHeld) {
      const end = Math.min(from + Math.max(length, WINDOW), this.file.size)
      this.held = new Uint8Array(await this.file.slice(from, end).arrayBuffer())
      this.from = from
    }
    const piece = this.held.subarray(from - this.from, from - this.from + length)
    return new DataView(piece.buffer, piece.byteOffset, piece.length)
  }
}
