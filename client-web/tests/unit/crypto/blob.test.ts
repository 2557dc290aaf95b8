/** A file as the relay keeps it: what was changed, moved, left out or added opens nothing. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, equal, random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import {
  CHUNK_BYTES,
  mostSealed,
  openBlob,
  paddedSize,
  PREFIX_BYTES,
  sealBlob,
  sealedSize,
  TAG_BYTES,
} from '@/crypto/files/blob'
import { CryptoError } from '@/crypto/errors'

const SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
const reading = (whole: Bytes) => async (start: number, end: number) => whole.slice(start, end)

async function all(pieces: AsyncIterable<Bytes>): Promise<Bytes> {
  const got: Bytes[] = []
  for await (const piece of pieces) got.push(piece)
  return concat(...got)
}
const seal = (key: Bytes, content: Bytes, prefix?: Bytes) =>
  all(sealBlob(key, reading(content), content.length, prefix))
const open = (key: Bytes, blob: Bytes, size: number) =>
  all(openBlob(key, reading(blob), blob.length, size))
const refused = async (key: Bytes, blob: Bytes, size: number) => {
  const error = await open(key, blob, size).catch((one: unknown) => one)
  expect(error).toBeInstanceOf(CryptoError)
  expect((error as CryptoError).code).toBe('bad_file')
}
/** As long as `size`, and no zeros at its end. */
function contentOf(size: number): Bytes {
  const content = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) content.set(random(Math.min(65_536, size - at)), at)
  if (size > 0) content[size - 1] = 7
  return content
}
const chunk = (blob: Bytes, index: number): Bytes =>
  blob.slice(PREFIX_BYTES + index * SEALED_CHUNK, PREFIX_BYTES + (index + 1) * SEALED_CHUNK)

const key = random(32)

test.each([
  [0, 541],
  [1, 541],
  [541, 541],
  [542, 568],
  [65_536, 67_789],
  [1_000_000, 1_041_743],
  [52_428_800, 54_211_841],
])('%i bytes are padded to %i', (size, padded) => {
  expect(paddedSize(size)).toBe(padded)
})

test('padding never cuts, and adds less than a twentieth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (size) => {
      const padded = paddedSize(size)
      expect(padded).toBeGreaterThanOrEqual(size)
      expect(sealedSize(padded)).toBeLessThanOrEqual(mostSealed(size))
    }),
  )
})

test('contents of many sizes come back as they were', async () => {
  const sizes = [0, 1, 541, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 17 * CHUNK_BYTES + 5]
  for (const size of sizes) {
    const content = contentOf(size)
    const blob = await seal(key, content)
    expect(blob.length).toBe(sealedSize(paddedSize(size)))
    expect(equal(await open(key, blob, size), content)).toBe(true)
  }
})

test('any content comes back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200_000 }), async (content) => {
      const given = Uint8Array.from(content)
      const own = random(32)
      expect(equal(await open(own, await seal(own, given), given.length), given)).toBe(true)
    }),
    { numRuns: 25 },
  )
})

test('the nonce is the prefix, a counter and a mark of the last chunk', async () => {
  const content = contentOf(CHUNK_BYTES * 2)
  const prefix = Uint8Array.of(1, 2, 3, 4, 5, 6, 7)
  const blob = await seal(key, content, prefix)
  expect(blob.slice(0, 7)).toEqual(prefix)
  const imported = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt'])
  for (const [index, last] of [
    [0, 0],
    [1, 0],
    [2, 1],
  ] as const) {
    const iv = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0, 0, 0, index, last)
    await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, imported, chunk(blob, index))
  }
})

describe('a blob is refused', () => {
  const size = CHUNK_BYTES * 3
  const content = contentOf(size)
  const made = Promise.all([seal(key, content), seal(key, contentOf(size))])

  test('with one bit changed, wherever', async () => {
    const [blob] = await made
    await fc.assert(
      fc.asyncProperty(fc.nat(blob.length - 1), fc.nat(7), async (at, bit) => {
        const changed = blob.slice()
        changed[at] = (changed[at] as number) ^ (1 << bit)
        await refused(key, changed, size)
      }),
      { numRuns: 40 },
    )
  })
  test('with its chunks in any other order, or one of them repeated', async () => {
    const [blob] = await made
    const chunks = [0, 1, 2, 3].map((index) => chunk(blob, index))
    const prefix = blob.slice(0, PREFIX_BYTES)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), async (order) => {
        fc.pre(order.join('') !== '0123')
        const moved = order.map((index) => chunks[index] as Bytes)
        await refused(key, concat(prefix, ...moved), size)
      }),
      { numRuns: 30 },
    )
  })
  test('that lacks its end, at any byte', async () => {
    const [blob] = await made
    await fc.assert(
      fc.asyncProperty(fc.nat(blob.length - 1), (length) =>
        refused(key, blob.slice(0, length), size),
      ),
      { numRuns: 40 },
    )
    for (const chunks of [1, 2, 3]) {
      await refused(key, blob.slice(0, PREFIX_BYTES + chunks * SEALED_CHUNK), size)
    }
    // Also where its recipient was told of less.
    await refused(key, blob.slice(0, PREFIX_BYTES + 2 * SEALED_CHUNK), 2 * CHUNK_BYTES)
  })
  test('with a chunk of another blob, the same place and the same key', async () => {
    const [blob, other] = await made
    const swapped = blob.slice()
    swapped.set(chunk(other, 1), PREFIX_BYTES + SEALED_CHUNK)
    await refused(key, swapped, size)
  })
  test('with more behind it', async () => {
    const [blob] = await made
    await refused(key, concat(blob, random(1)), size)
    await refused(key, concat(blob, chunk(blob, 3)), size)
    await refused(key, concat(blob, new Uint8Array(SEALED_CHUNK * 4)), size)
  })
  test('under another key, or with another size', async () => {
    const [blob] = await made
    await refused(random(32), blob, size)
    await refused(key, blob, size * 2)
    await refused(key, blob, 100)
    // The rest would be padding, and is not zeros.
    await refused(key, blob, size - 1)
  })
  test('that is shorter than any', async () => {
    for (const length of [0, 1, 7, 8, 23, 24]) await refused(key, random(length), 0)
  })
})

test('a file that changed its size while it is sealed is refused', async () => {
  const shorter = async () => new Uint8Array(10)
  await expect(all(sealBlob(key, shorter, 100))).rejects.toMatchObject({ code: 'bad_file' })
})
