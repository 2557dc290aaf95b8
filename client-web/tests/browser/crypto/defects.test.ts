import { SessionCipher, FingerprintGenerator } from '@privacyresearch/libsignal-protocol-typescript'
import { describe, expect, test } from 'vitest'
import { Curve25519Wrapper } from 'curve25519-original'
import { equal, fromUtf8, own, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { EncryptedIn } from '@/crypto/protocol/protocol'
import { safetyNumber } from '@/crypto/contact/safety-number'
import { agree } from '@/crypto/curve/x25519'
import { createPrekeys } from '@/crypto/protocol/keys'
import { parseSignalMessage } from '@/crypto/v3/signal-messages'
import { parse } from '@/crypto/v3/libsignal-record'
import { Changes } from '@/storage/changes'
import { BareParty, binary } from '../../support/bare-library'
import { acquainted, Party } from '../../support/party'
import { openStore, raw } from '../../support/storage'
import { onTwoPages } from '../../support/two-pages'

const wire = (party: Party) => {
  const bundle = party.bundle()
  return {
    registrationId: bundle.registrationId,
    identityKey: bundle.identityKey.buffer,
    signedPreKey: {
      keyId: bundle.signedPrekey.id,
      publicKey: bundle.signedPrekey.key.buffer,
      signature: bundle.signedPrekey.signature.buffer,
    },
    ...(bundle.prekey && {
      preKey: { keyId: bundle.prekey.id, publicKey: own(bundle.prekey.key).buffer },
    }),
  }
}

describe('1. a prekey message under another identity', () => {
  test('the bare library decrypts it and replaces the pin', async () => {
    const [anna, mallory, bob] = await Promise.all(
      ['anna', 'mallory', 'bob'].map((n) => Party.create(n)),
    )
    if (!anna || !mallory || !bob) throw new Error('unreachable')
    const bare = new BareParty(bob.identity, bob.prekeys, [bob.signed])
    bare.pins.set('anna', own(anna.identity.keyPair.publicKey).buffer)
    await mallory.start(bob)
    const forged = await mallory.write(bob, 'I am Anna')
    await bare.cipher('anna').decryptPreKeyWhisperMessage(forged.body.buffer, 'binary')
    const pin = own(bare.pins.get('anna') as ArrayBuffer)
    expect(equal(pin, mallory.identity.keyPair.publicKey)).toBe(true)
  })

  test('ours refuses it before decrypting', async () => {
    const [anna, bob] = await acquainted()
    const mallory = await Party.create('mallory')
    await mallory.start(bob)
    const forged = await mallory.write(bob, 'I am Anna')
    await expect(bob.tryRead(anna, forged)).rejects.toMatchObject({ code: 'identity_mismatch' })
    expect(await bob.read(anna, await anna.write(bob, 'still me'))).toBe('still me')
  })
})

describe('2. a forged message that fails its MAC', () => {
  const forge = async () => {
    const [anna, bob] = await Promise.all([Party.create('anna'), Party.create('bob')])
    await anna.start(bob)
    const message = await anna.write(bob, 'hello')
    const body = own(message.body)
    // A byte of the ciphertext: the prekey message still parses, its MAC no longer fits.
    body[body.length - 30] = (body[body.length - 30] as number) ^ 1
    return { anna, bob, forged: { ...message, body } }
  }

  test('the bare library has already written the pin', async () => {
    const { bob, forged } = await forge()
    const bare = new BareParty(bob.identity, bob.prekeys, [bob.signed])
    await expect(
      bare.cipher('anna').decryptPreKeyWhisperMessage(forged.body.buffer, 'binary'),
    ).rejects.toThrow()
    expect(bare.pins.has('anna')).toBe(true)
  })

  test('ours hands out no state at all', async () => {
    const { anna, bob, forged } = await forge()
    await expect(bob.tryRead(anna, forged)).rejects.toMatchObject({ code: 'bad_message' })
    expect([bob.session, bob.pinned]).toEqual([null, null])
  })
})

describe('3. old chains', () => {
  test('the bare library keeps every one of them', async () => {
    const [alice, bob] = await Promise.all([Party.create('alice'), Party.create('bob')])
    const [a, b] = [
      new BareParty(alice.identity),
      new BareParty(bob.identity, bob.prekeys, [bob.signed]),
    ]
    await a.builder('bob').processPreKey(wire(bob))
    const pass = async (from: SessionCipher, to: SessionCipher) => {
      const message = await from.encrypt(utf8('x').buffer)
      const body = binary(message.body).buffer
      return message.type === 3
        ? to.decryptPreKeyWhisperMessage(body, 'binary')
        : to.decryptWhisperMessage(body, 'binary')
    }
    for (let i = 0; i < 30; i++) {
      await pass(a.cipher('bob'), b.cipher('alice'))
      await pass(b.cipher('alice'), a.cipher('bob'))
    }
    const [state] = Object.values(parse(utf8(a.sessions.get('bob.1') ?? '')).sessions)
    expect(Object.keys(state?.chains ?? {}).length).toBeGreaterThan(25)
  })

  test('ours stay few, small, and a message four ratchets late is still read', async () => {
    const [anna, bob] = await acquainted()
    const late = await anna.write(bob, 'late')
    for (let i = 0; i < 4; i++) {
      await bob.read(anna, await anna.write(bob, `a${i}`))
      await anna.read(bob, await bob.write(anna, `b${i}`))
    }
    expect(await bob.read(anna, late)).toBe('late')
    for (let i = 0; i < 40; i++) {
      await bob.read(anna, await anna.write(bob, `a${i}`))
      await anna.read(bob, await bob.write(anna, `b${i}`))
    }
    const [state] = Object.values(parse(anna.held).sessions)
    expect(Object.keys(state?.chains ?? {}).length).toBeLessThanOrEqual(7)
    expect(anna.held.length).toBeLessThan(3000)
  })

  test('skipped keys are capped', async () => {
    const [anna, bob] = await acquainted()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 400; i++) await anna.write(bob, 'lost')
      await bob.read(anna, await anna.write(bob, 'kept'))
    }
    const keys = Object.values(parse(bob.held).sessions).flatMap((session) =>
      Object.values(session.chains).flatMap((chain) => Object.keys(chain.messageKeys)),
    )
    expect(keys.length).toBeLessThanOrEqual(500)
  })
})

describe('4. the all-zero public key', () => {
  const zero = new Uint8Array(32)
  test('the original curve accepts it', async () => {
    const original = await Curve25519Wrapper.create()
    const secret = original.sharedSecret(
      zero.buffer,
      crypto.getRandomValues(new Uint8Array(32)).buffer,
    )
    expect(new Uint8Array(secret)).toEqual(zero)
  })
  test('ours refuses it, in agreements and in bundles', async () => {
    const privateKey = crypto.getRandomValues(new Uint8Array(32))
    await expect(agree(zero, privateKey)).rejects.toThrow()
    const [anna, bob] = await Promise.all([Party.create('anna'), Party.create('bob')])
    const bundle = bob.bundle()
    bundle.prekey = { id: 1, key: Uint8Array.of(5, ...zero) }
    await expect(anna.start(bob, bundle)).rejects.toMatchObject({ code: 'bad_key' })
  })
})

describe('5. the safety number', () => {
  const key = (fill: number) => Uint8Array.of(5, ...new Uint8Array(32).fill(fill))
  test('the bare library cannot make one for a name outside Latin-1', async () => {
    const generator = new FingerprintGenerator(1)
    await expect(
      generator.createFor('жанна', key(1).buffer, 'боб', key(2).buffer),
    ).rejects.toThrow()
  })
  test('ours is the same on both sides, for any name, at once', () => {
    const [a, b] = [
      { userId: 'жанна', identityKey: key(1) },
      { userId: 'боб', identityKey: key(2) },
    ]
    expect(safetyNumber(a, b)).toMatch(/^\d{60}$/)
    expect(safetyNumber(a, b)).toBe(safetyNumber(b, a))
    expect(safetyNumber(a, b)).not.toBe(safetyNumber({ ...a, identityKey: key(3) }, b))
  })
})

describe('6. prekey ids', () => {
  test('a message that names a used prekey: the bare library says "Bad MAC"', async () => {
    const [anna, bob] = await Promise.all([Party.create('anna'), Party.create('bob')])
    await anna.start(bob)
    const message = await anna.write(bob, 'hi')
    const bare = new BareParty(bob.identity, [], [bob.signed])
    await expect(
      bare.cipher('anna').decryptPreKeyWhisperMessage(message.body.buffer, 'binary'),
    ).rejects.toThrow('Bad MAC')
  })
  test('ours says what is missing, and never makes an id 0', async () => {
    const [anna, bob] = await Promise.all([Party.create('anna'), Party.create('bob')])
    await anna.start(bob)
    const message = await anna.write(bob, 'hi')
    bob.prekeys.length = 0
    await expect(bob.tryRead(anna, message)).rejects.toMatchObject({ code: 'missing_prekey' })
    await expect(createPrekeys(0, 1)).rejects.toMatchObject({ code: 'internal' })
  })
})

describe('7. pins are compared by key, not by two spellings of an address', () => {
  test('the bare library asks with the name and writes with name.device', async () => {
    const [anna, bob] = await Promise.all([Party.create('anna'), Party.create('bob')])
    const bare = new BareParty(anna.identity)
    const seen: string[] = []
    bare.isTrustedIdentity = async (name) => (seen.push(name), true)
    bare.saveIdentity = async (address) => (seen.push(address), true)
    await bare.builder('bob').processPreKey(wire(bob))
    expect(seen).toEqual(['bob', 'bob.1'])
  })
  test('ours refuses a second device with another identity', async () => {
    const [anna, bob] = await acquainted()
    const other = await Party.create('bob')
    await expect(anna.start(bob, other.bundle())).rejects.toMatchObject({
      code: 'identity_mismatch',
    })
  })
})

describe('8. the lock around a session', () => {
  const counterOf = (body: Uint8Array) => {
    const { ratchetKey, counter } = parseSignalMessage(body)
    return `${ratchetKey} ${counter}`
  }

  test('of the bare library holds on one page, not on two: a message key is used twice', async () => {
    const [anna] = await acquainted()
    const session = fromUtf8(anna.held)
    const bare = new BareParty(anna.identity)
    bare.sessions.set('bob.1', session)
    const bodies = await Promise.all(
      ['one', 'two'].map(async (text) => {
        const { body } = await bare.cipher('bob').encrypt(utf8(text).buffer)
        return binary(body)
      }),
    )
    expect(new Set(bodies.map(counterOf)).size).toBe(2)

    const fromTwo = await onTwoPages(anna.identity, session, ['one', 'two'])
    expect(new Set(fromTwo.map(counterOf)).size).toBe(1)
  })

  test('ours is the store: only the leading page can store what it encrypted, and so send it', async () => {
    const [anna, bob] = await acquainted()
    const first = await openStore()
    await first.store.commit(new Changes().write(raw('sessions'), 'bob.1', anna.session))
    const second = await openStore(first.name)
    const pages = [first.store, second.store]
    const written = await Promise.allSettled(
      pages.map(async (store, i) => {
        const session = await store.get(raw<Bytes>('sessions'), 'bob.1')
        const encrypted = await anna.engine.encrypt({
          local: anna.local,
          remote: anna.remote(bob),
          session: session ?? anna.held,
          plaintext: utf8(`page ${i}`),
          pinned: bob.identity.keyPair.publicKey,
          now: Date.now(),
        })
        await store.commit(new Changes().write(raw('sessions'), 'bob.1', encrypted.session))
        return encrypted
      }),
    )
    expect(written[0]).toMatchObject({ status: 'rejected', reason: { code: 'fenced' } })
    const sent = written.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(sent).toHaveLength(1)
    expect(await bob.read(anna, sent[0] as EncryptedIn<Bytes>)).toBe('page 1')
    for (const { db } of [first, second]) db.close()
  })
})

describe('9. trying a message with the wrong session', () => {
  /** Both start at once: each then holds an own and a foreign session. */
  const crossed = async () => {
    const [anna, bob] = await Promise.all([Party.create('anna'), Party.create('bob')])
    await anna.start(bob)
    await bob.start(anna)
    const [fromAnna, fromBob] = [await anna.write(bob, 'a'), await bob.write(anna, 'b')]
    await bob.read(anna, fromAnna)
    await anna.read(bob, fromBob)
    return [anna, bob] as const
  }

  test('after crossing first messages all that follows is read, whoever writes', async () => {
    const [anna, bob] = await crossed()
    for (let i = 0; i < 6; i++) {
      const [one, two] = [await anna.write(bob, `a${i}`), await bob.write(anna, `b${i}`)]
      expect(await bob.read(anna, one)).toBe(`a${i}`)
      expect(await anna.read(bob, two)).toBe(`b${i}`)
    }
  })

  test('a message for a closed session leaves the others byte for byte', async () => {
    const [anna, bob] = await crossed()
    const reply = await bob.write(anna, 'on the other session')
    const before = parse(anna.held).sessions
    expect(await anna.read(bob, reply)).toBe('on the other session')
    const after = parse(anna.held).sessions
    const changed = Object.keys(before).filter(
      (key) => JSON.stringify(before[key]?.chains) !== JSON.stringify(after[key]?.chains),
    )
    expect(changed.length).toBe(1)
  })
})
