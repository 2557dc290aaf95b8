/** Reads stored values field by field. A value of another shape throws a `TypeError`. */
import type { Bytes } from '@/crypto/bytes'

export type Decoder<T> = (value: unknown) => T

/** Of a field that may be missing. */
class Optional<T> {
  constructor(readonly read: Decoder<T>) {}
}

/** One entry for each field of `T`, so that none is forgotten. */
type Shape<T> = {
  [K in keyof T]-?: undefined extends T[K] ? Optional<Exclude<T[K], undefined>> : Decoder<T[K]>
}

const wrong = (expected: string): TypeError => new TypeError(`not ${expected}`)

export const text: Decoder<string> = (value) => {
  if (typeof value !== 'string') throw wrong('a text')
  return value
}

export const number: Decoder<number> = (value) => {
  if (typeof value !== 'number' || Number.isNaN(value)) throw wrong('a number')
  return value
}

export const flag: Decoder<boolean> = (value) => {
  if (typeof value !== 'boolean') throw wrong('true or false')
  return value
}

export const bytes: Decoder<Bytes> = (value) => {
  if (!(value instanceof Uint8Array) || !(value.buffer instanceof ArrayBuffer)) throw wrong('bytes')
  return value as Bytes
}

export const literal =
  <T extends string | number>(...allowed: readonly T[]): Decoder<T> =>
  (value) => {
    const found = allowed.find((one) => one === value)
    if (found === undefined) throw wrong(`one of ${allowed.join(', ')}`)
    return found
  }

export const nullable =
  <T>(read: Decoder<T>): Decoder<T | null> =>
  (value) =>
    value === null ? null : read(value)

export const list =
  <T>(read: Decoder<T>): Decoder<T[]> =>
  (value) => {
    if (!Array.isArray(value)) throw wrong('a list')
    return value.map((one) => read(one))
  }

export const optional = <T>(read: Decoder<T>): Optional<T> => new Optional(read)

/** `missing` stands for a field that older records do not have. */
export const since =
  <T>(missing: T, read: Decoder<T>): Decoder<T> =>
  (value) =>
    value === undefined ? missing : read(value)

export function fields(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('an object')
  return value as Record<string, unknown>
}

/** An object of these fields; others are left out. */
export function shape<T extends object>(parts: Shape<T>): Decoder<T> {
  const entries = Object.entries<Decoder<unknown> | Optional<unknown>>(parts)
  return (value) => {
    const given = fields(value)
    const read: Record<string, unknown> = {}
    for (const [name, part] of entries) {
      if (!(part instanceof Optional)) read[name] = part(given[name])
      else if (given[name] !== undefined) read[name] = part.read(given[name])
    }
    return read as T
  }
}

/** An object of any names, whose values are alike. */
export const named =
  <T>(read: Decoder<T>): Decoder<Record<string, T>> =>
  (value) =>
    Object.fromEntries(Object.entries(fields(value)).map(([name, one]) => [name, read(one)]))

/** What `first` refuses, `second` reads. */
export const either =
  <A, B>(first: Decoder<A>, second: Decoder<B>): Decoder<A | B> =>
  (value) => {
    try {
      return first(value)
    } catch {
      return second(value)
    }
  }
