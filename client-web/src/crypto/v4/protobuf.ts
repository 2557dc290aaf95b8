/**
 * Protobuf with presence, for integers and byte strings alone. Promise: a given field is written, also if it is
 * zero; a reader distinguishes a zero from a missing field. Source: "Protocol Buffers, Encoding".
 */
import { concat } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { Reader, varint } from './varint'

type Value = number | Bytes
/** Field number and value, in the order of writing; a null value is left out. */
export type Field = readonly [number, Value | null]

const [VARINT, FIXED64, LENGTH, FIXED32] = [0, 1, 2, 5]

export function encodeFields(...fields: readonly Field[]): Bytes {
  return concat(
    ...fields.flatMap(([field, value]) => {
      if (value === null) return []
      if (typeof value === 'number') return [varint(field * 8 + VARINT), varint(value)]
      return [varint(field * 8 + LENGTH), varint(value.length), value]
    }),
  )
}

/** A message's fields, in any order. Its methods throw CryptoError `bad_message`. */
export class Fields {
  private readonly values = new Map<number, Value[]>()

  constructor(bytes: Uint8Array) {
    const reader = new Reader(bytes)
    while (!reader.done) {
      const key = reader.varint()
      const value = readValue(reader, key % 8)
      const field = Math.floor(key / 8)
      if (field === 0) throw new CryptoError('bad_message', 'field 0')
      const values = this.values.get(field)
      if (values) values.push(value)
      else this.values.set(field, [value])
    }
  }

  /** The last value counts. */
  bytes(field: number): Bytes {
    return this.optionalBytes(field) ?? missing(field)
  }

  number(field: number): number {
    return this.optionalNumber(field) ?? missing(field)
  }

  optionalBytes(field: number): Bytes | null {
    return this.all(field).at(-1) ?? null
  }

  optionalNumber(field: number): number | null {
    const value = this.values.get(field)?.at(-1) ?? null
    if (typeof value === 'object' && value !== null) throw wrongType(field)
    return value
  }

  all(field: number): Bytes[] {
    return (this.values.get(field) ?? []).map((value) => {
      if (typeof value === 'number') throw wrongType(field)
      return value
    })
  }
}

function readValue(reader: Reader, type: number): Value {
  if (type === VARINT) return reader.varint(Number.MAX_SAFE_INTEGER)
  if (type === LENGTH) return reader.take(reader.varint())
  // Fields of these types are skipped: the protocol has none.
  if (type === FIXED64) return reader.take(8)
  if (type === FIXED32) return reader.take(4)
  throw new CryptoError('bad_message', `wire type ${type}`)
}

function missing(field: number): never {
  throw new CryptoError('bad_message', `field ${field} is missing`)
}

const wrongType = (field: number) =>
  new CryptoError('bad_message', `field ${field} has a wrong type`)
