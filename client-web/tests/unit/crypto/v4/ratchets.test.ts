/** The ratchets' limits, and what the engine keeps. */
import { expect, test } from 'vitest'
import { concat, equal, own, random, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { receive, send, startBraid } from '@/crypto/v4/braid'
import { chainStep, initiatorRatchet, nextSeed, responderRatchet, seedOf } from '@/crypto/v4/chains'
import { versionFour } from '@/crypto/v4/version-four'
import { addEpoch, receivingKey, sendingKey, startChains } from '@/crypto/v4/epochs'
import * as kem from '@/crypto/v4/incremental-kem'
import { checkKemBytes, decapsulate, encapsulate } from '@/crypto/v4/kem'
import { readSession, sessionsOf } from '@/crypto/v4/records'
import { createKeyPair } from '@/crypto/protocol/keys'
import { OurDevice, pass, someText } from '../../../support/device'
import type { Letter } from '../../../support/device'

const text = utf8('text')

test('the Double Ratchet reads 25,000 ahead, keeps 2,000 of what it skipped, and no more', async () => {
  const signed = await createKeyPair()
  const [root, chain] = [random(32), random(32)]
  const sender = await initiatorRatchet(root, chain, signed.publicKey)
  const { key } = sender.sending
  const reader = () => responderRatchet(root, chain, signed)
  const { publicKey } = sender.own
  await expect(seedOf(reader(), publicKey, 25_001)).rejects.toMatchObject({ code: 'too_far' })
  const far = reader()
  let last = { seed: random(32), next: key }
  const seeds: Bytes[] = []
  for (let number = 0; number <= 25_000; number++) seeds.push((last = chainStep(last.next)).seed)
  expect(await seedOf(far, publicKey, 25_000)).toEqual(seeds[25_000])
  expect(await seedOf(far, publicKey, 23_000)).toEqual(seeds[23_000])
  for (const number of [22_999, 23_000, 25_000]) {
    await expect(seedOf(far, publicKey, number)).rejects.toMatchObject({ code: 'duplicate' })
  }
  expect(nextSeed(sender)).toMatchObject({ counter: 0, seed: seeds[0] })
})

test('a chain of the post-quantum ratchet reads 25,000 ahead, keeps 2,000, and no more', () => {
  const pqKey = random(32)
  const [sender, reader] = [startChains(pqKey, true), startChains(pqKey, false)]
  const keys = [random(32)]
  for (let index = 1; index <= 25_000; index++) keys.push(sendingKey(sender, 0).key)
  expect(() => receivingKey(reader, 0, 25_001)).toThrow('too_far')
  expect(receivingKey(reader, 0, 25_000)).toEqual(keys[25_000])
  expect(receivingKey(reader, 0, 23_000)).toEqual(keys[23_000])
  for (const index of [0, 22_999, 23_000, 25_000]) {
    expect(() => receivingKey(reader, 0, index)).toThrow('no key')
  }
})

test('an epoch before the one that is sent in can still be read, older ones cannot', () => {
  const chains = startChains(random(32), true)
  for (const epoch of [1, 2, 3]) addEpoch(chains, { epoch, secret: random(32) })
  expect(() => addEpoch(chains, { epoch: 5, secret: random(32) })).toThrow('out of order')
  receivingKey(chains, 0, 1)
  sendingKey(chains, 2)
  expect(() => sendingKey(chains, 1)).toThrow('decreased')
  expect(() => receivingKey(chains, 0, 2)).toThrow('no chain')
  expect(() => receivingKey(chains, 4, 1)).toThrow('no chain')
  expect(chains.links.map(({ sending }) => sending !== null)).toEqual([false, true, true])
  expect(receivingKey(chains, 1, 1)).toHaveLength(32)
  expect(receivingKey(chains, 3, 1)).toHaveLength(32)
})

test('the braid refuses a key, a ciphertext and an epoch that are not authentic', () => {
  const pqKey = random(32)
  const exchange = (spoil: (kind: string, data: Bytes) => Bytes, turns = 60) => {
    const [a, b] = [startBraid(pqKey, true), startBraid(pqKey, false)]
    for (let turn = 0; turn < turns; turn++) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const { payload } = send(from, random)
        if ('chunk' in payload) payload.chunk.data = spoil(payload.kind, payload.chunk.data)
        receive(to, { epoch: from.epoch, index: 1, payload })
      }
    }
    return [a.epoch, b.epoch]
  }
  const spoiled = (which: string) => (kind: string, data: Bytes) =>
    kind === which ? Uint8Array.from(data, (byte) => byte ^ 1) : data
  expect(exchange((_, data) => data)).toEqual([2, 2])
  expect(() => exchange(spoiled('header'))).toThrow('the header of epoch 1')
  expect(() => exchange(spoiled('vectorAndAck'))).toThrow('not the one in the header')
  expect(() => exchange(spoiled('ct1'))).toThrow('the ciphertext of epoch 1')
  expect(() => exchange(spoiled('ct2'))).toThrow('the ciphertext of epoch 1')
  const ahead = { epoch: 2, index: 1, payload: { kind: 'none' as const } }
  expect(() => receive(startBraid(pqKey, true), ahead)).toThrow('ahead')
})

test('a vector that is not canonical is refused', () => {
  const vector = new Uint8Array(kem.VECTOR_LENGTH).fill(0xff)
  const { header } = kem.generate(random(64))
  const rho = header.slice(0, 32)
  const forged = kem.headerOf(vector, rho)
  expect(() => kem.encapsulateVector(forged, random(32), vector)).toThrow('not canonical')
  expect(() => kem.encapsulateVector(header, random(32), vector)).toThrow('not the one')
})

test('a Kyber key or ciphertext of another length, type or encoding is refused', () => {
  expect(() => checkKemBytes(new Uint8Array(1569))).toThrow('not Kyber')
  expect(() => decapsulate(random(64), Uint8Array.of(8))).toThrow('not Kyber')
  const beyond = concat(Uint8Array.of(8), new Uint8Array(1568).fill(0xff))
  expect(() => encapsulate(beyond)).toThrow('not a canonical')
})

test('of a session that changed, only the parts that did are new objects', async () => {
  const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
  await alice.start(bob)
  await pass(alice, bob)
  await pass(bob, alice)
  const sizes: number[] = []
  let kept = 0
  for (let number = 0; number < 100; number++) {
    const before = bob.record
    await pass(number % 2 ? alice : bob, number % 2 ? bob : alice)
    if (bob.record?.parts === before?.parts) kept += 1
    expect(bob.record?.archive).toBe(before?.archive)
    sizes.push(bob.record?.state.length ?? 0)
  }
  expect(kept).toBeGreaterThan(90)
  expect(Math.max(...sizes)).toBeLessThan(3000)
})

test('four replaced sessions are kept, without what began them', async () => {
  const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
  const late: Letter[] = []
  for (let number = 0; number < 6; number++) {
    await alice.start(bob, bob.bundle({ prekey: false, lastResort: true }))
    await pass(alice, bob)
    late.push(await alice.write(bob, text))
  }
  const sessions = sessionsOf(bob.record as NonNullable<typeof bob.record>)
  expect(sessions).toHaveLength(5)
  const own = sessionsOf(alice.record as NonNullable<typeof alice.record>).map(readSession)
  expect(own.map(({ pending }) => pending !== null)).toEqual([true, false, false, false, false])
  // The first session is gone: its base key is known, so it does not begin again.
  await expect(bob.read(alice, late[0] as Letter)).rejects.toMatchObject({
    code: 'reused_base_key',
  })
  for (const letter of late.slice(1)) expect(await bob.read(alice, letter)).toEqual(text)
})

test('a message that a replaced session has read is a duplicate', async () => {
  const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
  await alice.start(bob)
  await pass(alice, bob)
  await pass(bob, alice)
  const old = await alice.write(bob, text)
  await alice.start(bob, bob.bundle({ prekey: false, lastResort: true }))
  await pass(alice, bob)
  expect(await bob.read(alice, old)).toEqual(text)
  await pass(alice, bob)
  await expect(bob.read(alice, old)).rejects.toMatchObject({ code: 'duplicate' })
})

test('a damaged record is an error, and is not written over', async () => {
  const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
  await alice.start(bob)
  const { record } = alice
  if (!record) throw new Error('no session')
  for (const damaged of [
    { ...record, state: record.state.slice(1) },
    { ...record, state: new Uint8Array() },
    { ...record, parts: new Uint8Array() },
    { ...record, state: concat(record.state, Uint8Array.of(8, 2)) },
  ]) {
    alice.record = damaged
    await expect(alice.write(bob, someText())).rejects.toMatchObject({ code: 'internal' })
    expect(alice.record).toBe(damaged)
  }
})

test('what a session says of itself', async () => {
  const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
  await alice.start(bob)
  const info = () => versionFour.describe(alice.record as NonNullable<typeof alice.record>)
  const { registrationId, keyPair } = bob.local
  const known = { open: true, registrationId, identityKey: keyPair.publicKey }
  expect(info()).toEqual({ ...known, answered: false })
  await pass(alice, bob)
  await pass(bob, alice)
  expect(info()).toEqual({ ...known, answered: true })
})

test('two devices of one person, who share a key, write to each other', async () => {
  const one = await OurDevice.create()
  const address = { ...one.address, deviceId: 2 }
  const other = await OurDevice.create(address, one.local.keyPair)
  await one.start(other)
  await pass(one, other)
  for (let number = 0; number < 5; number++) {
    await pass(other, one)
    await pass(one, other)
  }
})

test('devices with numbers that Signal does not have leave the addresses out', async () => {
  const [far, near] = [
    await OurDevice.create({ userId: crypto.randomUUID(), deviceId: 4711 }),
    await OurDevice.create(),
  ]
  await far.start(near)
  await pass(far, near)
  await pass(near, far)
})

test('without a session, an ordinary message is not read', async () => {
  const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
  await alice.start(bob)
  await pass(alice, bob)
  const answer = await bob.write(alice, text)
  alice.record = null
  await expect(alice.read(bob, answer)).rejects.toMatchObject({ code: 'no_session' })
})

test('when the pin was lost, the open session is believed, and no other', async () => {
  const [alice, bob, mallory] = [
    await OurDevice.create(),
    await OurDevice.create(),
    await OurDevice.create(),
  ]
  await alice.start(bob)
  await pass(alice, bob)
  bob.pinned = null
  await mallory.start(bob)
  const forged = await mallory.write(bob, text)
  await expect(bob.read(alice, forged)).rejects.toMatchObject({ code: 'identity_mismatch' })
  expect(bob.pinned).toBeNull()
  await pass(alice, bob)
  expect(equal(bob.pinned ?? new Uint8Array(), alice.local.keyPair.publicKey)).toBe(true)
  bob.pinned = own(mallory.local.keyPair.publicKey)
  await expect(bob.write(alice, text)).rejects.toMatchObject({ code: 'identity_mismatch' })
  const letter = await alice.write(bob, text)
  await expect(bob.read(alice, letter)).rejects.toMatchObject({ code: 'identity_mismatch' })
})
