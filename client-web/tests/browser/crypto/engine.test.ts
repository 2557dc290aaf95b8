import { expect, test } from 'vitest'
import { own, utf8 } from '@/crypto/bytes'
import { startEngine } from '@/crypto/remote'
import { acquainted, Party } from '../../support/party'

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
  const { engine, terminate } = startEngine()
  const [anna, bob] = [await Party.create('anna', engine), await Party.create('bob', engine)]
  await anna.start(bob)
  expect(await bob.read(anna, await anna.write(bob, 'from a thread'))).toBe('from a thread')
  await expect(engine.inspect(utf8('nonsense'))).rejects.toMatchObject({
    name: 'CryptoError',
    code: 'bad_message',
  })
  terminate()
})

test('closing and renewing a session keeps late messages of the old one readable', async () => {
  const [anna, bob] = await acquainted()
  const late = await bob.write(anna, 'written before')
  await anna.start(bob)
  expect(await bob.read(anna, await anna.write(bob, 'renewed'))).toBe('renewed')
  expect(await anna.read(bob, late)).toBe('written before')
  expect(await anna.read(bob, await bob.write(anna, 'on the new one'))).toBe('on the new one')
})
