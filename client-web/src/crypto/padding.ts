import type { Bytes } from './bytes'

export const PADDING_BLOCK = 160

/** Appends 0x80 and zeros up to a multiple of 160 bytes, which hides the length of short messages. */
export function pad(content: Uint8Array): Bytes {
  const padded = new Uint8Array(Math.ceil((content.length + 1) / PADDING_BLOCK) * PADDING_BLOCK)
  padded.set(content)
  padded[content.length] = 0x80
  return padded
}

/** Returns null unless the padding is exactly as `pad` writes it. */
export function unpad(padded: Uint8Array): Bytes | null {
  if (padded.length === 0 || padded.length % PADDING_BLOCK !== 0) return null
  const end = padded.findLastIndex((byte) => byte !== 0)
  if (end < padded.length - PADDING_BLOCK || padded[end] !== 0x80) return null
  return padded.slice(0, end)
}
