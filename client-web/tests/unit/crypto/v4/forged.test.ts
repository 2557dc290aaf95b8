/** Messages that only somebody with the right keys can make, and that are refused all the same. */
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { createKemPrekeys } from '@/crypto/v4/kem-prekeys'
import { versionFour } from '@/crypto/v4/version-four'
import { parsePrekeySignalMessage } from '@/crypto/v4/signal-messages'
import { agreement } from '@/crypto/v4/pqxdh'
import { encodeFields, Fields } from '@/crypto/v4/protobuf'
import type { Field } from '@/crypto/v4/protobuf'
import { anAddress, OurDevice, pass } from '../../../support/device'
import type { Device } from '../../../support/device'
import { rewrapped, withFields } from '../../../support/forged-v4'
import { officialDevice, VERSIONS } from '../../../official-library/official-library'

const text = utf8('forged')
const ZERO = concat(Uint8Array.of(5), new Uint8Array(32))

describe.each(['our engine', ...VERSIONS])('by %s', (reader) => {
  const readerDevice = (): Promise<Device> =>
    reader === 'our engine'
      ? OurDevice.create()
      : officialDevice(reader as (typeof VERSIONS)[number], anAddress())

  // Two blocks of zeros and one of padding: without the last one, they end in what is no padding.
  test.each([
    ['nothing', () => new Uint8Array()],
    ['no whole blocks', (whole) => whole.subarray(0, 15)],
    ['no padding', (whole) => whole.subarray(0, 32)],
  ] as [string, (whole: Bytes) => Bytes][])(
    'a ciphertext of %s under a right MAC',
    async (_, cut) => {
      const [from, to] = [await OurDevice.create(), await readerDevice()]
      await from.start(to)
      const change = (fields: Field[]) =>
        fields.map((field): Field => (field[0] === 4 ? [4, cut(field[1] as Bytes)] : field))
      const letter = await withFields(from, to, new Uint8Array(32), change)
      await expect(to.read(from, letter)).rejects.toThrow()
      // Nothing was kept of it: the same session is begun by the next one.
      expect((await pass(from, to)).kind).toBe('prekey')
    },
  )

  test.each([
    ['missing', null],
    ['empty', new Uint8Array()],
    ['of version 0', Uint8Array.of(0, 1, 1, 0)],
    ['of epoch 0', Uint8Array.of(1, 0, 1, 0)],
    ['of epoch 3', Uint8Array.of(1, 3, 1, 0)],
    ['of number 0', Uint8Array.of(1, 1, 0, 0)],
    ['cut off', Uint8Array.of(1, 1, 1, 1, 0, 7)],
  ] as [string, Bytes | null][])('a post-quantum part that is %s', async (_, part) => {
    const [from, to] = [await OurDevice.create(), await readerDevice()]
    await from.start(to)
    const change = (fields: Field[]) =>
      fields.map((field): Field => (field[0] === 5 ? [5, part] : field))
    await expect(to.read(from, await withFields(from, to, text, change))).rejects.toThrow()
    expect((await pass(from, to)).kind).toBe('prekey')
  })
})

describe.each(['our engine', '0.103.0'] as const)(
  'a later post-quantum ratchet, by %s',
  (reader) => {
    const later = (fields: Field[]) =>
      fields.map((field): Field => (field[0] === 5 ? [5, Uint8Array.of(2, 9, 1, 77)] : field))

    test('is read at the beginning, with keys of the first epoch, and not after ours', async () => {
      const from = await OurDevice.create()
      const to =
        reader === 'our engine'
          ? await OurDevice.create()
          : await officialDevice(reader, anAddress())
      await from.start(to)
      expect(await to.read(from, await withFields(from, to, text, later))).toEqual(text)
      // The sender's own first message, whose number the reader has seen.
      await from.write(to, text)
      for (let number = 0; number < 3; number++) {
        await pass(from, to)
        await pass(to, from)
      }
      const next = (fields: Field[]) =>
        fields.map((field): Field => {
          if (field[0] !== 5 || !field[1]) return field
          const [, ...rest] = field[1] as Bytes
          return [5, Uint8Array.of(2, ...rest)]
        })
      await expect(to.read(from, await withFields(from, to, text, next))).rejects.toThrow()
      await pass(from, to)
    })
  },
)

test('somebody else takes up the base key of a session that another began', async () => {
  const [alice, bob, mallory] = [
    await OurDevice.create(),
    await OurDevice.create(),
    await OurDevice.create(),
  ]
  await alice.start(bob)
  const { baseKey } = parsePrekeySignalMessage((await pass(alice, bob)).body)
  // Bob accepts another identity; Alice's session is a replaced one now.
  bob.pinned = mallory.local.keyPair.publicKey
  await mallory.start(bob)
  await pass(mallory, bob)
  const letter = rewrapped(await mallory.write(bob, text), { baseKey })
  const before = bob.snapshot()
  await expect(bob.read(mallory, letter)).rejects.toMatchObject({ code: 'identity_mismatch' })
  expect(bob.snapshot()).toBe(before)
  // A message of a replaced session is not read while somebody else is pinned.
  await pass(bob, mallory)
  const old = await alice.write(bob, text)
  await expect(bob.read(alice, old)).rejects.toMatchObject({ code: 'identity_mismatch' })
})

test('a prekey message without a registration id has the id 0; one without another field is refused', async () => {
  const [from, to] = [await OurDevice.create(), await OurDevice.create()]
  await from.start(to)
  const { body } = await from.write(to, text)
  const fields = new Fields(body.subarray(1))
  const without = (left: number): Bytes =>
    concat(
      body.subarray(0, 1),
      encodeFields(
        ...[1, 2, 3, 4, 5, 6, 7, 8]
          .filter((field) => field !== left)
          .map((field): Field => {
            const number = [1, 5, 6, 7].includes(field)
            return [field, number ? fields.number(field) : fields.bytes(field)]
          }),
      ),
    )
  expect(without(0)).toEqual(body)
  expect(versionFour.inspect(without(5)).registrationId).toBe(0)
  expect(versionFour.inspect(without(1)).prekeyId).toBeNull()
  for (const field of [2, 3, 4, 6, 7, 8]) {
    expect(() => versionFour.inspect(without(field))).toThrow(`field ${field} is missing`)
  }
})

test('a key of low order, a number without an end, and a prekey with the id 0', async () => {
  const { local } = await OurDevice.create()
  await expect(agreement(ZERO, local.keyPair)).rejects.toMatchObject({ code: 'bad_key' })
  const endless = Uint8Array.of(8, ...new Uint8Array(12).fill(0x80))
  expect(() => new Fields(endless)).toThrow('number too long')
  expect(() => createKemPrekeys(local.keyPair, 0, 1)).toThrow('not in 1')
})
