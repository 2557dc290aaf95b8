/** Sealed files open as they were, and not at all when anything of them is another. */
import { assert, asyncProperty, constantFrom, integer, oneof } from 'fast-check'
import { expect, test } from 'vitest'
import { random } from '@/crypto/bytes'
import { paddedSize } from '@/crypto/files/blob'
import { openFile, sealFile } from '@/crypto/files/sealed-file'

const CHUNK = 64 * 1024

test('any content comes back, padded on the way', async () => {
  const sizes = oneof(
    integer({ min: 1, max: 3 * CHUNK }),
    constantFrom(1, 540, 541, 542, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK),
  )
  await assert(
    asyncProperty(sizes, async (size) => {
      const plain = new Uint8Array(size).fill(size % 251)
      const { blob, ...file } = await sealFile(plain)
      const chunks = Math.ceil(paddedSize(size) / CHUNK)
      expect(blob.length).toBe(7 + paddedSize(size) + 16 * chunks)
      expect(await openFile(blob, file, size)).toEqual(plain)
    }),
    { numRuns: 25 },
  )
})

test('a truncated, prolonged, reordered or changed file is refused, though its digest is given', async () => {
  const size = 3 * CHUNK - 20_000
  const { blob, key } = await sealFile(new Uint8Array(size))
  const cut = 7 + CHUNK + 16
  const second = blob.slice(cut, cut + CHUNK + 16)
  const first = blob.slice(7, cut)
  const swapped = Uint8Array.from(blob)
  swapped.set(second, 7)
  swapped.set(first, cut)
  for (const other of [
    blob.slice(0, -1),
    blob.slice(0, cut),
    Uint8Array.from([...blob, ...first]),
    swapped,
    blob.map((byte, at) => (at === 50 ? byte ^ 1 : byte)),
  ]) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', other))
    const opened = openFile(other, { key, digest }, size)
    await expect(opened).rejects.toMatchObject({ code: 'bad_file' })
  }
  const digest = random(32)
  await expect(openFile(blob, { key, digest }, size)).rejects.toMatchObject({ code: 'bad_file' })
})
