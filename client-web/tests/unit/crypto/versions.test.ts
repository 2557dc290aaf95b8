/** Which version of the protocol is used when: the newest that both devices speak, and never an older one again. */
import { describe, expect, test } from 'vitest'
import { own, utf8 } from '@/crypto/bytes'
import type { Sealed } from '@/crypto/engine/engine'
import { Party } from '../../support/party'
import { SealedParty } from '../../support/sealed-party'

const withKem = async (name: string) => (await SealedParty.create(name)).withKem()

/** They speak version 3, and each has written. */
async function inVersionThree() {
  const [anna, bob] = [await SealedParty.create('anna'), await SealedParty.create('bob')]
  await anna.start(bob)
  expect(await bob.read(anna, await anna.write(bob, 'hello'))).toBe('hello')
  expect(await anna.read(bob, await bob.write(anna, 'hello back'))).toBe('hello back')
  return [anna, bob] as const
}

const describedBy = async (party: SealedParty, of: SealedParty) =>
  party.engine.describe(party.remote(of), party.session as Sealed)

test('with a KEM prekey a session begins in version 4, and goes on in it', async () => {
  const [anna, bob] = [await withKem('anna'), await withKem('bob')]
  await anna.start(bob)
  const first = await anna.write(bob, 'hello')
  expect(first).toMatchObject({ kind: 'prekey', version: 4 })
  expect((first.body[0] ?? 0) >> 4).toBe(4)
  expect(await bob.read(anna, first)).toBe('hello')
  const reply = await bob.write(anna, 'hello back')
  expect(reply).toMatchObject({ kind: 'message', version: 4 })
  expect(await anna.read(bob, reply)).toBe('hello back')
  expect(await describedBy(anna, bob)).toMatchObject({ version: 4, answered: true, open: true })
  expect([anna.session?.[0], bob.session?.[0]]).toEqual([2, 2])
})

test('one call encrypts for devices of either version', async () => {
  const [anna, bob, cara] = [
    await SealedParty.create('anna'),
    await withKem('bob'),
    await Party.create('cara'),
  ]
  const recipients = []
  for (const [to, identity] of [
    [bob, bob.identity.registrationId],
    [cara, cara.identity.registrationId],
  ] as const) {
    Object.assign(anna, { session: null, pinned: null })
    await anna.start(to)
    const { identityKey: pinned } = to.bundle()
    recipients.push({
      remote: anna.remote(to),
      session: anna.session,
      registrationId: identity,
      pinned,
    })
  }
  const request = { local: anna.local, plaintext: utf8('to both'), recipients, now: Date.now() }
  const [forBob, forCara] = await anna.engine.encrypt(request)
  if (!forBob || !forCara) throw new Error('one is missing')
  expect([forBob.version, forCara.version]).toEqual([4, 3])
  expect(await bob.read(anna, forBob)).toBe('to both')
  expect(await cara.read(anna, forCara)).toBe('to both')
})

describe('a session of version 3 beside a new one of version 4', () => {
  test('still reads, and is gone when the other side has answered', async () => {
    const [anna, bob] = await inVersionThree()
    const [late, later] = [await bob.write(anna, 'late'), await bob.write(anna, 'later')]
    await bob.withKem()
    await anna.start(bob)
    const first = await anna.write(bob, 'in version 4')
    expect(first).toMatchObject({ kind: 'prekey', version: 4 })
    expect(await anna.read(bob, late)).toBe('late')
    expect(await bob.read(anna, first)).toBe('in version 4')
    // What is sent goes in the newest, though the old one was read with in between.
    const second = await anna.write(bob, 'again')
    expect(second.version).toBe(4)
    const old = bob.session
    const answer = await bob.write(anna, 'answered')
    expect(answer).toMatchObject({ kind: 'message', version: 4 })
    expect(await anna.read(bob, answer)).toBe('answered')
    await expect(anna.tryRead(bob, later)).rejects.toMatchObject({ code: 'no_session' })
    expect(await bob.read(anna, second)).toBe('again')
    expect(await bob.read(anna, await anna.write(bob, 'both have'))).toBe('both have')
    expect(bob.session?.length).toBeLessThan(old?.length ?? 0)
  })

  test('stays for what waits in the mailbox, when something that is not stored overtook it', async () => {
    const [anna, bob] = await inVersionThree()
    const waits = await bob.write(anna, 'waits')
    await bob.withKem()
    await anna.start(bob)
    await bob.read(anna, await anna.write(bob, 'in version 4'))
    const typing = await bob.write(anna, 'typing')
    anna.inOrder = false
    expect(await anna.read(bob, typing)).toBe('typing')
    anna.inOrder = true
    expect(await anna.read(bob, waits)).toBe('waits')
  })

  test('is not taken by an identity that is not its own, where nothing is pinned', async () => {
    const [anna, bob] = await inVersionThree()
    const mallory = await withKem('mallory')
    await bob.withKem()
    await mallory.start(bob)
    const forged = await mallory.write(bob, 'I am Anna')
    bob.pinned = null
    await expect(bob.tryRead(anna, forged)).rejects.toMatchObject({ code: 'identity_mismatch' })
  })
})

describe('of a device that is known to speak version 4', () => {
  test('a bundle without KEM prekey is refused, a foreign one as that', async () => {
    const [anna, bob, eve] = [
      await SealedParty.create('anna'),
      await SealedParty.create('bob'),
      await SealedParty.create('eve'),
    ]
    anna.knownFour = true
    await expect(anna.start(bob)).rejects.toMatchObject({ code: 'downgrade' })
    const { signedPrekey } = eve.bundle()
    const foreign = { name: 'bob', bundle: () => ({ ...bob.bundle(), signedPrekey }) }
    await expect(anna.start(foreign)).rejects.toMatchObject({ code: 'bad_signature' })
    expect(anna.session).toBeNull()
  })

  test('so it is by a session of version 4 alone', async () => {
    const [anna, bob] = [await SealedParty.create('anna'), await withKem('bob')]
    await anna.start(bob)
    bob.kem = []
    await expect(anna.start(bob)).rejects.toMatchObject({ code: 'downgrade' })
  })

  test('a first message of version 3 is refused; a session that was there goes on', async () => {
    const [anna, bob, cara] = [
      await SealedParty.create('anna'),
      await SealedParty.create('bob'),
      await SealedParty.create('cara'),
    ]
    await anna.start(bob)
    const [first, second] = [await anna.write(bob, 'first'), await anna.write(bob, 'second')]
    expect(await bob.read(anna, first)).toBe('first')
    bob.knownFour = true
    expect(await bob.read(anna, second)).toBe('second')
    await anna.start(bob)
    const anew = await anna.write(bob, 'anew')
    await expect(bob.tryRead(anna, anew)).rejects.toMatchObject({ code: 'downgrade' })
    // Another key is told as that.
    Object.assign(cara, { name: 'anna' })
    await cara.start(bob)
    const forged = await cara.write(bob, 'I am Anna')
    await expect(bob.tryRead(anna, forged)).rejects.toMatchObject({ code: 'identity_mismatch' })
  })
})

test('a first message on a last resort that was used with its base key is refused', async () => {
  const [anna, bob] = [await withKem('anna'), await withKem('bob')]
  await anna.start(bob)
  const first = await anna.write(bob, 'once')
  const decrypted = await bob.tryRead(anna, first)
  expect(decrypted.used).toMatchObject({ kemPrekeyId: 1, signedPrekeyId: 1, prekeyId: 1 })
  bob.baseKeyUsed = true
  // The session is lost, for all that follows in it too: no mere repetition.
  await expect(bob.tryRead(anna, first)).rejects.toMatchObject({ code: 'no_session' })
  await bob.start(anna)
  await expect(bob.tryRead(anna, first)).rejects.toMatchObject({ code: 'reused_base_key' })
})

test("a KEM prekey's seed in another's place does not open", async () => {
  const [anna, bob] = [await SealedParty.create('anna'), await withKem('bob')]
  await anna.start(bob)
  const first = await anna.write(bob, 'hello')
  const [one, other] = bob.kem
  if (!one || !other) throw new Error('no KEM prekeys')
  bob.kem = [{ ...one, secret: other.secret }]
  await expect(bob.tryRead(anna, first)).rejects.toMatchObject({ code: 'damaged' })
  bob.kem = [one]
  expect(await bob.read(anna, first)).toBe('hello')
})

test('a message of an unknown version is refused', async () => {
  const [anna, bob] = [await SealedParty.create('anna'), await withKem('bob')]
  await anna.start(bob)
  const { body } = await anna.write(bob, 'hello')
  const changed = own(body)
  for (const byte of [0x22, 0x55, 0x00]) {
    changed[0] = byte
    await expect(bob.engine.inspect(changed)).rejects.toMatchObject({ code: 'bad_message' })
    const message = { kind: 'message' as const, body: changed }
    await expect(bob.tryRead(anna, message)).rejects.toMatchObject({ code: 'bad_message' })
  }
})
