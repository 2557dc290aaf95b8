/** Integers of variable length as in protobuf (little endian, seven bits per byte), and a reader of bytes. */
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

export const MAX_U32 = 2 ** 32 - 1

/** `value`: an integer in 0 … 2^53 - 1. */
export function varint(value: number): Bytes {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Uint8Array.of(...bytes, rest)
}

/** Reads bytes in order. Throws CryptoError `bad_message` at their end. */
export class Reader {
  private at = 0
  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.bytes.length
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new CryptoError('bad_message', 'cut off')
    return byte
  }

  /** Returns a copy. */
  take(length: number): Bytes {
    if (length > this.bytes.length - this.at) throw new CryptoError('bad_message', 'cut off')
    this.at += length
    return Uint8Array.from(this.bytes.subarray(this.at - length, this.at))
  }

  varint(max: number = MAX_U32): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (value > max) throw new CryptoError('bad_message', 'number out of range')
      if (byte < 128) return value
    }
    throw new CryptoError('bad_message', 'number too long')
  }
}
