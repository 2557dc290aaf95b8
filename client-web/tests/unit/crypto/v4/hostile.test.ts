/** What the network, the relay or a hostile device may send: refused, and nothing is kept of it. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { concat, own, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { parsePrekeySignalMessage } from '@/crypto/v4/signal-messages'
import { anAddress, OurDevice, pass } from '../../../support/device'
import type { Device, Letter } from '../../../support/device'
import { flipped, rewrapped, withFields } from '../../../support/forged-v4'
import { officialDevice, VERSIONS } from '../../../official-library/official-library'
import type { OfficialDevice } from '../../../official-library/official-library'

/** `npm run test:engine`: every byte, each bit of ordinary messages, and what takes minutes. */
const THOROUGH = process.env['ENGINE_RUNS'] !== undefined
/** Every how many bytes of a prekey message are flipped. */
const STRIDE = THOROUGH ? 1 : 41
const BITS = THOROUGH ? [0, 1, 2, 3, 4, 5, 6, 7] : [3]

const text = utf8('intact')
const { Fp } = ed25519.Point
/** Of order eight. */
const TORSION = ed25519.Point.fromHex(
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
)

/** The Montgomery key (with type byte) of the Edwards point behind `key`, moved by a point of small order. */
function withTorsion(key: Bytes): Bytes {
  const u = Fp.fromBytes(key.slice(1))
  const y = Fp.toBytes(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE))))
  const moved = ed25519.Point.fromBytes(y).add(TORSION).toAffine()
  const other = Fp.mul(Fp.add(Fp.ONE, moved.y), Fp.inv(Fp.sub(Fp.ONE, moved.y)))
  return concat(Uint8Array.of(5), Fp.toBytes(other))
}

function withTopBit(key: Bytes): Bytes {
  const other = own(key)
  other[32] = (other[32] as number) | 0x80
  return other
}

const ZERO = concat(Uint8Array.of(5), new Uint8Array(32))
/** Whether only that was changed which no key depends on: the low half of the version byte, or the registration id. */
function uncovered(letter: Letter, changed: Letter): boolean {
  const covered = ({ body }: Letter): string => {
    const { registrationId: _, ...rest } = parsePrekeySignalMessage(body)
    return JSON.stringify(rest)
  }
  try {
    return covered(letter) === covered(changed)
  } catch {
    return false
  }
}

describe('to our engine', () => {
  let [from, to]: OurDevice[] = []
  let device: { from: OurDevice; to: OurDevice }
  beforeAll(async () => {
    ;[from, to] = [await OurDevice.create(), await OurDevice.create()]
    device = { from, to }
    await from.start(to)
  })

  const refused = async (letter: Letter, code: string | RegExp = /./) => {
    const before = device.to.snapshot()
    await expect(device.to.read(device.from, letter)).rejects.toMatchObject({
      name: 'CryptoError',
      code: expect.stringMatching(code),
    })
    expect(device.to.snapshot()).toBe(before)
  }

  test('a flipped bit anywhere in a prekey message', async () => {
    const letter = await device.from.write(device.to, text)
    for (let at = 0; at < letter.body.length; at += STRIDE) {
      const changed = flipped(letter, at, at % 8)
      if (!uncovered(letter, changed)) await refused(changed)
    }
  })

  test('a base key with torsion, with the top bit set, or zero', async () => {
    const letter = await device.from.write(device.to, text)
    const { baseKey } = parsePrekeySignalMessage(letter.body)
    await refused(rewrapped(letter, { baseKey: withTorsion(baseKey) }), 'bad_key')
    await refused(rewrapped(letter, { baseKey: withTopBit(baseKey) }), 'bad_key')
    await refused(rewrapped(letter, { baseKey: ZERO }), 'bad_key')
    await refused(rewrapped(letter, { identityKey: ZERO }), 'bad_key')
  })

  test('addresses of other devices', async () => {
    for (const other of [anAddress(), { ...device.to.address, deviceId: 2 }]) {
      const stranger = { ...device.to, address: other } as unknown as OurDevice
      await refused(await device.from.write(stranger, text), 'bad_message')
    }
  })

  test('a missing counter, and a ratchet key of zeros', async () => {
    const drop = (field: number) =>
      withFields(device.from, device.to, text, (fields) => fields.filter(([one]) => one !== field))
    for (const field of [1, 2, 4, 5]) await refused(await drop(field), 'bad_message')
    const zero = await withFields(device.from, device.to, text, ([, ...rest]) => [
      [1, ZERO],
      ...rest,
    ])
    await refused(zero, 'bad_key')
  })

  test.each([3, 6])('but not a message without its optional field %i', async (left) => {
    const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
    await alice.start(bob)
    const letter = await withFields(alice, bob, text, (fields) =>
      fields.filter(([field]) => field !== left),
    )
    expect(await bob.read(alice, letter)).toEqual(text)
  })

  test('a flipped bit anywhere in a message', async () => {
    await pass(device.from, device.to)
    await pass(device.to, device.from)
    const letter = await device.from.write(device.to, text)
    expect(letter.kind).toBe('message')
    for (let at = 0; at < letter.body.length; at++) {
      for (const bit of BITS) await refused(flipped(letter, at, bit))
    }
    expect(await device.to.read(device.from, letter)).toEqual(text)
  })

  test('another version, an identity that is not pinned, a missing prekey of each kind', async () => {
    const [mallory, bob] = [await OurDevice.create(), await OurDevice.create()]
    await mallory.start(bob)
    const letter = await mallory.write(bob, text)
    const old = own(letter.body)
    old[0] = 0x33
    await expect(async () => bob.read(mallory, { ...letter, body: old })).rejects.toMatchObject({
      code: 'bad_message',
    })
    for (const change of [{ signedPrekeyId: 9 }, { kemPrekeyId: 9 }, { prekeyId: 9 }]) {
      await expect(bob.read(mallory, rewrapped(letter, change))).rejects.toMatchObject({
        code: 'missing_prekey',
      })
    }
    bob.pinned = device.to.local.keyPair.publicKey
    await expect(bob.read(mallory, letter)).rejects.toMatchObject({ code: 'identity_mismatch' })
    bob.pinned = null
    expect(await bob.read(mallory, letter)).toEqual(text)
  })

  test('a bundle with a wrong signature, key or identity', async () => {
    const [alice, bob, eve] = [
      await OurDevice.create(),
      await OurDevice.create(),
      await OurDevice.create(),
    ]
    const [good, evil] = [bob.bundle(), eve.bundle()]
    const { kemPrekey } = good
    const cases = [
      [{ ...good, kemPrekey: { ...kemPrekey, key: evil.kemPrekey.key } }, 'bad_signature'],
      [{ ...good, kemPrekey: evil.kemPrekey }, 'bad_signature'],
      [{ ...good, kemPrekey: { ...kemPrekey, key: kemPrekey.key.slice(1) } }, 'bad_key'],
      [{ ...good, signedPrekey: evil.signedPrekey }, 'bad_signature'],
      [{ ...good, prekey: { id: 1, key: ZERO } }, 'bad_key'],
    ] as const
    for (const [bundle, code] of cases) {
      await expect(alice.start(bob, bundle)).rejects.toMatchObject({ code })
    }
    await expect(alice.start(bob, evil)).rejects.toMatchObject({ code: 'identity_mismatch' })
    expect(alice.record).toBeNull()
  })

  test('thirty days without an answer', async () => {
    const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
    await alice.start(bob)
    await pass(alice, bob)
    alice.now += 31 * 24 * 3600 * 1000
    await expect(alice.write(bob, text)).rejects.toMatchObject({ code: 'stale_session' })
    await alice.start(bob)
    await pass(alice, bob)
    await pass(bob, alice)
    alice.now += 31 * 24 * 3600 * 1000
    await pass(alice, bob)
  })
})

describe.each(VERSIONS)('what the official library %s refuses as well', (version) => {
  let ours: OurDevice
  let theirs: OfficialDevice
  beforeAll(async () => {
    ours = await OurDevice.create()
    theirs = await officialDevice(version, anAddress())
    await ours.start(theirs)
  })

  const refused = async (letter: Letter) => {
    const before = theirs.stored(ours)
    await expect(theirs.read(ours, letter)).rejects.toThrow()
    expect(theirs.stored(ours)).toEqual(before)
  }

  test('base keys with torsion or the top bit set', async () => {
    const letter = await ours.write(theirs, text)
    const { baseKey } = parsePrekeySignalMessage(letter.body)
    await refused(rewrapped(letter, { baseKey: withTorsion(baseKey) }))
    await refused(rewrapped(letter, { baseKey: withTopBit(baseKey) }))
  })

  test('a counter of zero that is left out', async () => {
    const without = (...left: number[]) =>
      withFields(ours, theirs, text, (fields) => fields.filter(([field]) => !left.includes(field)))
    await refused(await without(2))
    const [alice, bob] = [await OurDevice.create(), await officialDevice(version, anAddress())]
    await alice.start(bob)
    const whole = await withFields(alice, bob, text, (fields) => fields)
    expect(await bob.read(alice, whole)).toEqual(text)
  })

  test('wrong addresses', async () => {
    const stranger = { ...theirs, address: anAddress() } as unknown as Device
    await refused(await ours.write(stranger, text))
  })

  test('a flipped bit anywhere in a prekey message', async () => {
    const letter = await ours.write(theirs, text)
    for (let at = 0; at < letter.body.length; at += STRIDE) {
      const changed = flipped(letter, at, at % 8)
      if (!uncovered(letter, changed)) await refused(changed)
    }
  })

  test('a flipped bit anywhere in a message', async () => {
    await pass(ours, theirs)
    await pass(theirs, ours)
    const letter = await ours.write(theirs, text)
    for (let at = 0; at < letter.body.length; at++) {
      for (const bit of BITS) await refused(flipped(letter, at, bit))
    }
    expect(await theirs.read(ours, letter)).toEqual(text)
  })

  test('messages of the sixth newest ratchet key; those of the fifth are read', async () => {
    for (const [from, to] of [
      [ours, theirs],
      [theirs, ours],
    ] as [Device, Device][]) {
      const late: Letter[] = []
      for (let step = 0; step < 6; step++) {
        await pass(from, to)
        late.push(await from.write(to, text))
        await pass(to, from)
      }
      await expect(to.read(from, late[0] as Letter)).rejects.toThrow()
      for (const letter of late.slice(1)) expect(await to.read(from, letter)).toEqual(text)
    }
  })

  test('a message 2,001 back; one 2,000 back is read', async () => {
    const pairs: [Device, Device][] = [[theirs, ours]]
    if (THOROUGH) pairs.push([ours, theirs])
    for (const [from, to] of pairs) {
      const letters: Letter[] = []
      for (let number = 0; number <= 2002; number++) letters.push(await from.write(to, text))
      const read = async (number: number) => to.read(from, letters[number] as Letter)
      expect(await read(2000)).toEqual(text)
      expect(await read(0)).toEqual(text)
      expect(await read(2002)).toEqual(text)
      expect(await read(2)).toEqual(text)
      await expect(read(1)).rejects.toThrow()
    }
  })

  test.runIf(THOROUGH)('a message 25,001 ahead; one 25,000 ahead is read', async () => {
    for (const turned of [false, true]) {
      const pair: Device[] = [await OurDevice.create(), await officialDevice(version, anAddress())]
      const [from, to] = (turned ? pair.toReversed() : pair) as [Device, Device]
      await from.start(to)
      await pass(from, to)
      await pass(to, from)
      await pass(from, to)
      let last: Letter | null = null
      let before: Letter | null = null
      for (let number = 0; number < 25_001; number++) {
        before = last
        last = await from.write(to, text)
      }
      await expect(to.read(from, last as Letter)).rejects.toThrow()
      expect(await to.read(from, before as Letter)).toEqual(text)
    }
  })
})
