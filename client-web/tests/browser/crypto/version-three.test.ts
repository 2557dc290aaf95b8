import { describe, expect, test } from 'vitest'
import { own, utf8 } from '@/crypto/bytes'
import type { SafetyNumberSide } from '@/crypto/protocol/protocol'
import { safetyNumber } from '@/crypto/contact/safety-number'
import { versionThree } from '@/crypto/v3/version-three'
import { parse, serialize } from '@/crypto/v3/libsignal-record'
import { acquainted, Party } from '../../support/party'
import { SealedParty, startSealed } from '../../support/sealed-party'

test('a conversation through X3DH and the Double Ratchet, with and without a one-time prekey', async () => {
  for (const withPrekey of [true, false]) {
    const [anna, bob] = [await Party.create('anna'), await Party.create('bob')]
    await anna.start(bob, bob.bundle(withPrekey))
    const first = await anna.write(bob, 'one')
    const second = await anna.write(bob, 'two')
    expect([first.kind, second.kind]).toEqual(['prekey', 'prekey'])
    expect(await bob.read(anna, first)).toBe('one')
    expect(await bob.read(anna, second)).toBe('two')
    expect(await anna.read(bob, await bob.write(anna, 'three'))).toBe('three')
    const fourth = await anna.write(bob, 'four')
    expect(fourth.kind).toBe('message')
    expect(await bob.read(anna, fourth)).toBe('four')
  }
})

test('messages in any order are each read once', async () => {
  const [anna, bob] = await acquainted()
  const messages = []
  for (let i = 0; i < 5; i++) messages.push(await anna.write(bob, String(i)))
  for (const i of [3, 0, 4, 2, 1]) {
    expect(await bob.read(anna, messages[i] as (typeof messages)[0])).toBe(String(i))
  }
  for (const message of messages) {
    await expect(bob.tryRead(anna, message)).rejects.toMatchObject({ code: 'duplicate' })
  }
})

test('the same prekey message twice is a duplicate', async () => {
  const [anna, bob] = [await Party.create('anna'), await Party.create('bob')]
  await anna.start(bob)
  const message = await anna.write(bob, 'once')
  expect(await bob.read(anna, message)).toBe('once')
  await expect(bob.tryRead(anna, message)).rejects.toMatchObject({ code: 'duplicate' })
})

test('a changed byte anywhere in a message is refused and changes nothing', async () => {
  const [anna, bob] = await acquainted()
  const message = await anna.write(bob, 'intact')
  for (let at = 0; at < message.body.length; at += 3) {
    const body = own(message.body)
    body[at] = (body[at] as number) ^ 0x40
    await expect(bob.tryRead(anna, { ...message, body })).rejects.toMatchObject({
      name: 'CryptoError',
    })
  }
  expect(await bob.read(anna, message)).toBe('intact')
})

test('a counter far ahead is refused without deriving keys', async () => {
  const [anna, bob] = await acquainted()
  for (let i = 0; i < 1010; i++) await anna.write(bob, 'skipped')
  const far = await anna.write(bob, 'far')
  await expect(bob.tryRead(anna, far)).rejects.toMatchObject({ code: 'too_far' })
})

test('a bundle with a wrong signature starts nothing', async () => {
  const [anna, bob, eve] = [
    await Party.create('anna'),
    await Party.create('bob'),
    await Party.create('eve'),
  ]
  const bundle = bob.bundle()
  bundle.signedPrekey.signature = eve.bundle().signedPrekey.signature
  await expect(anna.start(bob, bundle)).rejects.toMatchObject({ code: 'bad_signature' })
  expect(anna.session).toBeNull()
})

test('without a session nothing is encrypted or read', async () => {
  const [anna, bob] = await acquainted()
  const message = await anna.write(bob, 'x')
  bob.session = null
  await expect(bob.tryRead(anna, message)).rejects.toMatchObject({ code: 'no_session' })
})

test('garbage of any length is a typed error', async () => {
  const [anna, bob] = await acquainted()
  for (const length of [0, 1, 9, 40, 200]) {
    for (const kind of ['prekey', 'message'] as const) {
      const body = crypto.getRandomValues(new Uint8Array(length))
      if (length > 0) body[0] = 0x33
      await expect(bob.tryRead(anna, { kind, body })).rejects.toMatchObject({ name: 'CryptoError' })
    }
  }
})

test('in its worker the engine works the same and keeps its typed errors', async () => {
  const { engine, terminate } = await startSealed()
  const [anna, bob] = [await SealedParty.create('anna', engine), await Party.create('bob')]
  await anna.start(bob)
  expect(await bob.read(anna, await anna.write(bob, 'from a thread'))).toBe('from a thread')
  const parties: [SafetyNumberSide, SafetyNumberSide] = [
    { userId: 'anna', identityKey: anna.identity.publicKey },
    { userId: 'bob', identityKey: bob.identity.keyPair.publicKey },
  ]
  expect(await engine.safetyNumber(...parties)).toBe(safetyNumber(...parties))
  await expect(engine.inspect(utf8('nonsense'))).rejects.toMatchObject({
    name: 'CryptoError',
    code: 'bad_message',
  })
  terminate()
})

describe('when the pin was lost with its record, the open session is believed', () => {
  test('a message and a prekey message of the same person are read', async () => {
    const [anna, bob] = await acquainted()
    bob.pinned = null
    const written = await anna.write(bob, 'still me')
    expect(await bob.read(anna, written)).toBe('still me')
    bob.pinned = null
    await anna.start(bob)
    const renewed = await anna.write(bob, 'on a new session')
    expect(renewed.kind).toBe('prekey')
    expect(await bob.read(anna, renewed)).toBe('on a new session')
  })

  test('a prekey message under another identity is refused, and pins nothing', async () => {
    const [anna, bob] = await acquainted()
    const mallory = await Party.create('anna')
    await mallory.start(bob)
    const forged = await mallory.write(bob, 'I am Anna')
    const before = bob.session
    bob.pinned = null
    await expect(bob.read(anna, forged)).rejects.toMatchObject({ code: 'identity_mismatch' })
    expect([bob.session, bob.pinned]).toEqual([before, null])
  })

  test('a message of a session with another identity is refused', async () => {
    const [anna, bob] = await acquainted()
    const mallory = await Party.create('anna')
    await mallory.start(bob, bob.bundle(false))
    // Bob's record holds a session with Mallory, but the open one is Anna's.
    const bobs = bob.held
    bob.session = null
    bob.pinned = null
    await bob.read(mallory, await mallory.write(bob, 'first'))
    await mallory.read(bob, await bob.write(mallory, 'second'))
    const [open, closed] = [parse(bobs), parse(bob.held)]
    for (const state of Object.values(closed.sessions)) state.indexInfo.closed = 1
    bob.session = serialize({ ...open, sessions: { ...closed.sessions, ...open.sessions } })
    bob.pinned = null
    const forged = await mallory.write(bob, 'I am Anna')
    expect(forged.kind).toBe('message')
    await expect(bob.tryRead(anna, forged)).rejects.toMatchObject({ code: 'identity_mismatch' })
    expect(await bob.read(anna, await anna.write(bob, 'still me'))).toBe('still me')
  })

  test('an open session says with whom it is', async () => {
    const [anna, bob] = await acquainted()
    const { identityKey } = await versionThree.describe(bob.held)
    expect(identityKey).toEqual(anna.identity.keyPair.publicKey)
  })
})

test('closing and renewing a session keeps late messages of the old one readable', async () => {
  const [anna, bob] = await acquainted()
  const late = await bob.write(anna, 'written before')
  await anna.start(bob)
  expect(await bob.read(anna, await anna.write(bob, 'renewed'))).toBe('renewed')
  expect(await anna.read(bob, late)).toBe('written before')
  expect(await anna.read(bob, await bob.write(anna, 'on the new one'))).toBe('on the new one')
})
