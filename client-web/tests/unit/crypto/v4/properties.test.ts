/** What holds for all inputs: of the parsers, the erasure code, the ratchets, and whole conversations. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { decodeBraidMessage, encodeBraidMessage } from '@/crypto/v4/braid-message'
import type { Payload } from '@/crypto/v4/braid-message'
import { assemble, chunkOf, collect } from '@/crypto/v4/erasure'
import type { Chunk } from '@/crypto/v4/erasure'
import { invert, multiply } from '@/crypto/v4/field'
import {
  encodeSignalMessage,
  encodePrekeySignalMessage,
  parseSignalMessage,
  parsePrekeySignalMessage,
} from '@/crypto/v4/signal-messages'
import { encodeFields, Fields } from '@/crypto/v4/protobuf'
import { anAddress, OurDevice, pass } from '../../../support/device'
import type { Device } from '../../../support/device'
import { exchange } from '../../../support/network'
import { officialDevice } from '../../../official-library/official-library'

/** Ten for `npm run test:engine`. */
const RUNS = Number(process.env['ENGINE_RUNS'] ?? 1)

const bytes = (length: { minLength: number; maxLength: number }) =>
  fc.uint8Array(length).map((one) => own(one))
const exactly = (length: number) => bytes({ minLength: length, maxLength: length })
const publicKey = exactly(32).map((key) => concat(Uint8Array.of(5), key))
const u32 = fc.oneof(fc.constant(0), fc.nat(), fc.constant(2 ** 32 - 1))
const kyber = exactly(32).map((start) => concat(Uint8Array.of(8), start, new Uint8Array(1536)))

/** Throws nothing but a CryptoError. */
function typed(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error
  }
}

describe('parsers', () => {
  const message = fc.record({
    ratchetKey: publicKey,
    counter: u32,
    previousCounter: u32,
    ciphertext: bytes({ minLength: 0, maxLength: 300 }),
    pqRatchet: bytes({ minLength: 0, maxLength: 41 }),
    addresses: fc.option(exactly(36)),
  })
  const prekeyMessage = fc.record({
    registrationId: u32,
    prekeyId: fc.option(u32),
    signedPrekeyId: u32,
    kemPrekeyId: u32,
    kemCiphertext: kyber,
    baseKey: publicKey,
    identityKey: publicKey,
    message: bytes({ minLength: 0, maxLength: 300 }),
  })
  const encode = (one: Parameters<typeof encodeSignalMessage>[0]): Bytes =>
    encodeSignalMessage(one, new Uint8Array(32), {
      sender: one.ratchetKey,
      receiver: one.ratchetKey,
    })

  test('a message is read as it was written, zeros included', () => {
    fc.assert(
      fc.property(message, (one) => {
        const { covered: _, mac: __, ...parsed } = parseSignalMessage(encode(one))
        expect(parsed).toEqual(one)
      }),
      { numRuns: 100 * RUNS },
    )
  })

  test('a prekey message is read as it was written, zeros included', () => {
    fc.assert(
      fc.property(prekeyMessage, (one) => {
        expect(parsePrekeySignalMessage(encodePrekeySignalMessage(one))).toEqual(one)
      }),
      { numRuns: 50 * RUNS },
    )
  })

  test('bytes at random, and messages cut, doubled and changed at random, are typed errors', () => {
    const anything = bytes({ minLength: 0, maxLength: 400 }).map((one) =>
      concat(Uint8Array.of(0x44), one),
    )
    const whole = fc.oneof(message.map(encode), prekeyMessage.map(encodePrekeySignalMessage))
    const changed = fc
      .tuple(whole, fc.nat(), fc.nat(), bytes({ minLength: 0, maxLength: 6 }))
      .map(([one, from, to, put]) => {
        const [start, end] = [from % one.length, to % one.length]
        return concat(one.subarray(0, start), put, one.subarray(end))
      })
    fc.assert(
      fc.property(fc.oneof(anything, changed), (one) => {
        typed(() => parseSignalMessage(one))
        typed(() => parsePrekeySignalMessage(one))
        typed(() => decodeBraidMessage(one.slice(1)))
      }),
      { numRuns: 500 * RUNS },
    )
  })

  test('the part of the post-quantum ratchet is read as it was written', () => {
    const chunk = fc.record({ number: fc.nat(65535), data: exactly(32) })
    const chunked = fc.constantFrom('header', 'vector', 'vectorAndAck', 'ct1', 'ct2')
    const payload = fc.oneof(
      fc.constantFrom('none', 'ack').map((kind) => ({ kind }) as Payload),
      fc.tuple(chunked, chunk).map(([kind, chunk]) => ({ kind, chunk }) as Payload),
    )
    const epoch = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 })
    fc.assert(
      fc.property(fc.record({ epoch, index: u32, payload }), (one) => {
        expect(decodeBraidMessage(concat(encodeBraidMessage(one), Uint8Array.of(1, 2)))).toEqual({
          ...one,
          later: false,
        })
      }),
      { numRuns: 100 * RUNS },
    )
  })

  test('numbers out of range, groups and wrong types are refused', () => {
    const refused = (read: () => unknown) => expect(read).toThrow(CryptoError)
    refused(() => new Fields(Uint8Array.of(8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)))
    refused(() => new Fields(Uint8Array.of(0x0b)))
    refused(() => new Fields(Uint8Array.of(0x02, 0)))
    refused(() => new Fields(Uint8Array.of(0x0a, 5, 1)))
    refused(() => new Fields(encodeFields([1, 7])).bytes(1))
    refused(() => new Fields(encodeFields([1, Uint8Array.of(1)])).number(1))
    // Of other types than ours: read over.
    expect(
      new Fields(Uint8Array.of(0x11, ...new Uint8Array(8), 0x1d, 0, 0, 0, 0, 8, 1)).number(1),
    ).toBe(1)
    for (const bad of [[], [0], [2, 0, 1, 0], [1, 0, 1, 0], [1, 1, 1, 7], [1, 1, 1, 1, 0]]) {
      refused(() => decodeBraidMessage(Uint8Array.from(bad)))
    }
    refused(() =>
      decodeBraidMessage(concat(Uint8Array.of(1, 1, 1, 5, 128, 128, 4), new Uint8Array(32))),
    )
  })
})

describe('the erasure code', () => {
  test('a field: inverses, commutative, distributive', () => {
    const element = fc.integer({ min: 1, max: 65535 })
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        expect(multiply(a, invert(a))).toBe(1)
        expect(multiply(a, b)).toBe(multiply(b, a))
        expect(multiply(a, b ^ c)).toBe(multiply(a, b) ^ multiply(a, c))
      }),
    )
  })

  test('any chunks, as many as the message has, give it back', () => {
    const sizes = fc.constantFrom(96, 160, 960, 1152)
    fc.assert(
      fc.property(
        sizes,
        fc.infiniteStream(fc.nat(65535)),
        exactly(1152),
        (length, numbers, all) => {
          const message = all.slice(0, length)
          let chunks: Chunk[] = []
          while (!assemble(chunks, length)) {
            const number = numbers.next().value as number
            chunks = collect(chunks, { number, data: chunkOf(message, number) }, length)
          }
          expect(chunks).toHaveLength(length / 32)
          expect(assemble(chunks, length)).toEqual(message)
        },
      ),
      { numRuns: 8 * RUNS },
    )
  })
})

describe('conversations', () => {
  /** Numbers from 0 to 1 of a seed, so that a failing run can be repeated (mulberry32). */
  const chances = (seed: number) => {
    let state = seed
    return () => {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    }
  }
  const weather = fc.record({
    lost: fc.constantFrom(0, 0.1, 0.5),
    doubled: fc.constantFrom(0, 0.5),
    window: fc.integer({ min: 0, max: 60 }),
  })

  test.each(['our engine', 'the official library'])('at random with %s', async (other) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.nat(120), weather, async (seed, messages, how) => {
        const a = await OurDevice.create()
        const b: Device =
          other === 'our engine'
            ? await OurDevice.create()
            : await officialDevice('0.103.0', anAddress())
        const [from, to] = seed % 2 ? [a, b] : [b, a]
        await from.start(to)
        await pass(from, to)
        await exchange([from, to], messages, how, chances(seed))
        await pass(to, from)
        await pass(from, to)
      }),
      { numRuns: 6 * RUNS, endOnFailure: true },
    )
  })
})
