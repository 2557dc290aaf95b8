/**
 * Golden records: MessagePack as builds wrote it, read as what it means. A line never changes and never
 * goes; a new version of a record gets lines of its own.
 */
import { decode } from '@msgpack/msgpack'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromBase64 } from '@/crypto/bytes'
import * as contentKinds from '@/messenger/core/content-records'
import { deadlines, timers } from '@/messenger/core/expiry-records'
import * as keyKinds from '@/messenger/core/key-records'
import * as markKinds from '@/messenger/core/history-marks'
import * as linkingKinds from '@/messenger/core/linking-records'
import * as otherKinds from '@/messenger/core/stored-records'
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
const { rawKinds, ...sealedKinds } = keyKinds
const kinds = {
  ...otherKinds,
  ...contentKinds,
  ...linkingKinds,
  ...markKinds,
  ...sealedKinds,
  timers,
  deadlines,
}
const byName = new Map<string, unknown>(Object.entries(kinds))
const raw = new Map<string, unknown>(Object.entries(rawKinds))
/** Secrets of the first version are read once, unsealed. */
const kindOf = (name: string, version: number): Stored<unknown> =>
  ((version === 1 ? raw.get(name) : undefined) ?? byName.get(name)) as Stored<unknown>
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_name, part: unknown) =>
      part instanceof Uint8Array ? { bytes: Buffer.from(part).toString('base64') } : part,
    ),
  )

test.each(golden)('$kind, version $version', ({ kind, version, bytes, means }) => {
  expect(plain(decodeStored(kindOf(kind, version), decode(fromBase64(bytes)), version))).toEqual(
    means,
  )
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
    const account = golden.find(({ kind, version }) => kind === 'accounts' && version === 2)
    const whole = decode(fromBase64(account?.bytes ?? '')) as Record<string, unknown>
    for (const broken of [
      { ...whole, deviceId: '1' },
      { ...whole, identity: undefined },
      { ...whole, identity: { ...(whole['identity'] as object), secret: new Uint8Array(32) } },
      null,
      7,
    ]) {
      expect(() => decodeStored(kinds.accounts, broken, 2)).toThrow(TypeError)
    }
    expect(decodeStored(kinds.accounts, { ...whole, more: 1 }, 2)).not.toHaveProperty('more')
  })
  test('that holds a secret in the clear', () => {
    for (const [name, kind] of raw) {
      const record = golden.find((one) => one.kind === name && one.version === 1)
      const value = decode(fromBase64(record?.bytes ?? ''))
      expect(() => decodeStored(kind as Stored<unknown>, value), name).not.toThrow()
      expect(() => decodeStored(kindOf(name, 2), value, 1), name).toThrow('not sealed')
      expect(() => decodeStored(kindOf(name, 2), value, 2), name).toThrow(TypeError)
    }
  })
  test('of a version that only a newer build knows', () => {
    expect(() => decodeStored(kinds.numbers, 1, 2)).toThrow('version 2 is not known')
  })
})
