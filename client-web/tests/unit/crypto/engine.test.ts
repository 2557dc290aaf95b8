/** What leaves the engine is sealed: it opens in its own place, in its own safe, and nowhere else. */
import { describe, expect, test } from 'vitest'
import { fromUtf8, own, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { asSealed, engineTag, rewrap, Safe } from '@/crypto/engine/safe'
import { SafeEngine } from '@/crypto/engine/safe-engine'
import type { Sealed } from '@/crypto/engine/engine'
import { versionThree } from '@/crypto/v3/version-three'
import { Party } from '../../support/party'
import { sealedEngine, SealedParty, wrappingKey } from '../../support/sealed-party'

const changed = (sealed: Sealed, at: number): Sealed => {
  const copy = own(sealed)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy as Sealed
}

const damaged = { name: 'CryptoError', code: 'damaged' }

async function acquainted() {
  const [anna, bob] = [await SealedParty.create('anna'), await SealedParty.create('bob')]
  await anna.start(bob)
  expect(await bob.read(anna, await anna.write(bob, 'hello'))).toBe('hello')
  expect(await anna.read(bob, await bob.write(anna, 'hello back'))).toBe('hello back')
  return [anna, bob] as const
}

test('sessions with it, and with an engine whose secrets lie open, go on', async () => {
  await acquainted()
  const [anna, bob] = [await SealedParty.create('anna'), await Party.create('bob')]
  await anna.start(bob)
  expect(await bob.read(anna, await anna.write(bob, 'hello'))).toBe('hello')
  expect(await anna.read(bob, await bob.write(anna, 'hello back'))).toBe('hello back')
})

describe('a sealed secret', () => {
  test('names its engine and its layout', async () => {
    const [anna] = await acquainted()
    const all = [anna.session, anna.identity.secret, anna.signed.secret, anna.prekeys[0]?.secret]
    for (const sealed of all as Sealed[]) {
      expect([sealed[0], sealed[1]]).toEqual([1, 1])
      expect(engineTag(asSealed(sealed))).toBe(1)
    }
  })

  test('that was changed anywhere does not open', async () => {
    const anna = await SealedParty.create('anna')
    for (const at of [0, 1, 2, 20, anna.identity.secret.length - 1]) {
      const identity = { ...anna.identity, secret: changed(anna.identity.secret, at) }
      await expect(anna.engine.createSignedPrekey(identity, 2), `${at}`).rejects.toMatchObject(
        damaged,
      )
    }
    const cut = anna.identity.secret.slice(0, 5) as Sealed
    const identity = { ...anna.identity, secret: cut }
    await expect(anna.engine.createSignedPrekey(identity, 2)).rejects.toMatchObject(damaged)
  })

  test("in another's place does not open", async () => {
    const bob = await SealedParty.create('bob')
    const other = await bob.engine.createIdentity()
    const [first, second] = bob.prekeys
    if (!first || !second) throw new Error('no prekeys')
    const swapped = { ...bob.identity, secret: other.secret }
    await expect(bob.engine.createSignedPrekey(swapped, 2)).rejects.toMatchObject(damaged)
    const asIdentity = { ...bob.identity, secret: first.secret }
    await expect(bob.engine.createSignedPrekey(asIdentity, 2)).rejects.toMatchObject(damaged)
    const anna = await Party.create('anna')
    await anna.start(bob)
    const message = await anna.write(bob, 'hello')
    bob.prekeys[0] = { ...first, secret: second.secret }
    await expect(bob.tryRead(anna, message)).rejects.toMatchObject(damaged)
    bob.prekeys[0] = first
    const signed = bob.signed.secret
    Object.assign(bob.signed, { secret: first.secret })
    await expect(bob.tryRead(anna, message)).rejects.toMatchObject(damaged)
    Object.assign(bob.signed, { secret: signed })
    expect(await bob.read(anna, message)).toBe('hello')
  })

  test('of another safe does not open', async () => {
    const { identity } = await SealedParty.create('anna')
    const other = await sealedEngine()
    await expect(other.createSignedPrekey(identity, 1)).rejects.toMatchObject(damaged)
  })

  test('is no raw key, nor anything as short', () => {
    const key: Bytes = new Uint8Array(32).fill(7)
    expect(() => asSealed(key)).toThrow(TypeError)
    expect(() => asSealed(Uint8Array.of(1, 1, 2))).toThrow(TypeError)
  })
})

describe('a session that does not open counts as none', () => {
  test.each(['changed', 'of another device', 'of another engine'])('%s', async (how) => {
    const [anna, bob] = await acquainted()
    const { session } = anna
    if (!session || !anna.pinned) throw new Error('no session')
    const remote = how === 'of another device' ? { userId: 'bob', deviceId: 2 } : anna.remote(bob)
    const broken = how === 'changed' ? changed(session, 30) : session
    const held = how === 'of another engine' ? changed(session, 0) : broken
    expect(await anna.engine.describe(remote, held)).toMatchObject({ open: false })
    const { registrationId } = bob.identity
    const recipient = { remote, session: held, registrationId, pinned: anna.pinned }
    const { local } = anna
    const now = Date.now()
    const request = { local, plaintext: utf8('x'), recipients: [recipient], now }
    expect(await anna.engine.encrypt(request)).toEqual([null])
    if (how === 'of another device') return
    anna.session = held
    const late = await bob.write(anna, 'too late')
    await expect(anna.tryRead(bob, late)).rejects.toMatchObject({ code: 'no_session' })
    // A new one takes its place.
    await anna.start(bob)
    expect(await bob.read(anna, await anna.write(bob, 'anew'))).toBe('anew')
  })
})

test('one call encrypts for many devices, and names those without a session that fits', async () => {
  const anna = await SealedParty.create('anna')
  const people = await Promise.all(['bob', 'carol', 'dave'].map((name) => Party.create(name)))
  const recipients = []
  for (const person of people) {
    anna.pinned = null
    anna.session = null
    await anna.start(person)
    const { registrationId, keyPair } = person.identity
    const remote = anna.remote(person)
    recipients.push({ remote, session: anna.session, registrationId, pinned: keyPair.publicKey })
  }
  const [bob, carol, dave] = recipients
  if (!bob || !carol || !dave) throw new Error('no recipients')
  const plaintext = utf8('to all of you')
  const { local } = anna
  const now = Date.now()
  const sealed = await anna.engine.encrypt({ local, plaintext, recipients, now })
  for (const [i, person] of people.entries()) {
    const one = sealed[i]
    if (!one) throw new Error('missing')
    expect(one.kind).toBe('prekey')
    expect(await person.read(anna, one)).toBe('to all of you')
  }
  const unfit = [
    { ...bob, registrationId: bob.registrationId + 1 },
    { ...carol, pinned: bob.pinned },
    { ...dave, session: null },
    bob,
  ]
  const some = await anna.engine.encrypt({ local, plaintext, recipients: unfit, now })
  expect(some.map((one) => one !== null)).toEqual([false, false, false, true])
})

test("a safe's key under another wrapping opens the same secrets; no other wrapping opens it", async () => {
  const [first, second] = [await wrappingKey(), await wrappingKey()]
  const { safe, wrapped } = await Safe.create(first)
  const identity = await new SafeEngine(safe).createIdentity()
  const renewed = await rewrap(wrapped, first, second)
  const again = new SafeEngine(await Safe.open(renewed, second))
  expect(await again.openIdentity(identity)).toMatchObject({
    keyPair: { publicKey: identity.publicKey },
  })
  await expect(Safe.open(renewed, first)).rejects.toMatchObject(damaged)
  await expect(rewrap(wrapped, second, first)).rejects.toMatchObject(damaged)
})

test('secrets that lay open are sealed as they are', async () => {
  const [anna, bob] = [await Party.create('anna'), await Party.create('bob')]
  await anna.start(bob)
  await bob.read(anna, await anna.write(bob, 'hello'))
  await anna.read(bob, await bob.write(anna, 'hello back'))
  const { identity, prekeys, signed, session } = anna
  if (!session) throw new Error('no session')
  const engine = await sealedEngine()
  const remote = anna.remote(bob)
  const secrets = await engine.adopt({
    identity,
    prekeys,
    signedPrekeys: [signed],
    sessions: [{ remote, session: fromUtf8(session) }],
  })
  const [held] = secrets.sessions
  expect(await engine.describe(remote, held as Sealed)).toEqual({
    ...(await versionThree.describe(session)),
    version: 3,
  })
  expect(
    await engine.openIdentity(secrets.identity as NonNullable<typeof secrets.identity>),
  ).toEqual(identity)
  const publics = [...secrets.prekeys, ...secrets.signedPrekeys].map(({ publicKey }) => publicKey)
  expect(publics).toEqual([...prekeys, signed].map(({ keyPair }) => keyPair.publicKey))
  expect(secrets.signedPrekeys[0]?.signature).toEqual(signed.signature)
})
