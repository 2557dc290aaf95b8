/**
 * Golden records: MessagePack as builds wrote it, read as what it means. A line never changes and never
 * goes; a new version of a record gets lines of its own.
 */
import { decode } from '@msgpack/msgpack'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromBase64 } from '@/crypto/bytes'
import * as kinds from '@/messenger/core/stored-records'
import { decodeStored } from '@/storage/stored'
import type { Stored } from '@/storage/stored'

interface Golden {
  kind: string
  version: number
  bytes: string
  /** Byte strings as `{ bytes: base64 }`. */
  means: unknown
}

const golden = JSON.parse(readFileSync('tests/fixtures/golden-records.json', 'utf8')) as Golden[]
const byName = new Map(Object.entries(kinds))
const kindOf = (name: string): Stored<unknown> => byName.get(name) as Stored<unknown>
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_name, part: unknown) =>
      part instanceof Uint8Array ? { bytes: Buffer.from(part).toString('base64') } : part,
    ),
  )

test.each(golden)('$kind, version $version', ({ kind, version, bytes, means }) => {
  expect(plain(decodeStored(kindOf(kind), decode(fromBase64(bytes)), version))).toEqual(means)
})

test('every kind and version has a golden record', () => {
  const covered = new Set(golden.map(({ kind, version }) => `${kind} ${version}`))
  const all = Object.entries(kinds).flatMap(([name, { versions }]) =>
    versions.map((_, i) => `${name} ${i + 1}`),
  )
  expect([...covered].toSorted()).toEqual(all.toSorted())
})

describe('a record is refused', () => {
  test('where a field has another type, or is missing', () => {
    const account = golden.find(({ kind }) => kind === 'accounts')
    const whole = decode(fromBase64(account?.bytes ?? '')) as Record<string, unknown>
    for (const broken of [
      { ...whole, deviceId: '1' },
      { ...whole, identity: undefined },
      null,
      7,
    ]) {
      expect(() => decodeStored(kinds.accounts, broken)).toThrow(TypeError)
    }
    expect(decodeStored(kinds.accounts, { ...whole, more: 1 })).not.toHaveProperty('more')
  })
  test('of a version that only a newer build knows', () => {
    expect(() => decodeStored(kinds.numbers, 1, 2)).toThrow('version 2 is not known')
  })
})
