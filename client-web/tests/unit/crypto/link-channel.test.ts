/** The channel of a link as PROTOCOL has it, and what it refuses. */
import { assert, asyncProperty, integer, nat } from 'fast-check'
import { expect, test } from 'vitest'
import { fromUtf8, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { LinkChannel } from '@/crypto/linking/link-channel'
import { LinkSides } from '@/crypto/linking/link-sides'
import { createIdentity, createKeyPair } from '@/crypto/protocol/keys'
import { encode } from '@msgpack/msgpack'

const LINK = 'l'.repeat(43)
const hex = (text: string): Bytes => Uint8Array.from(Buffer.from(text, 'hex'))

/** RFC 7748, section 6.1. */
const alice = {
  privateKey: hex('77076d0a7318a57d3c16c17251b26645df4c6582c8d45f5e0c4a5c7e5b1d7a2c'),
  publicKey: hex('058520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'),
}

async function linked() {
  const [fresh, old] = [new LinkSides(), new LinkSides()]
  const { publicKey, secret } = await fresh.offer(LINK)
  const first = await old.join(LINK, publicKey, secret, utf8('hello'))
  const { check, plain } = await fresh.meet(LINK, first)
  return { fresh, old, check, plain, first, secret, publicKey }
}

test('both sides show the same two digits and read each other', async () => {
  const { fresh, old, check, plain } = await linked()
  expect(check).toMatch(/^\d\d$/)
  expect(fromUtf8(plain)).toBe('hello')
  expect(fromUtf8(await old.open(LINK, await fresh.seal(LINK, utf8('me'))))).toBe('me')
  expect(old.confirm(LINK, check)).toBe(true)
  expect(fromUtf8(await fresh.open(LINK, await old.seal(LINK, utf8('you'))))).toBe('you')
})

test('keys, check and nonces are as written: HKDF over agreement and secret, the counter big endian', async () => {
  const [mine, theirs] = [await createKeyPair(), await createKeyPair()]
  const secret = new Uint8Array(32).fill(7)
  const channel = await LinkChannel.open('new', mine, theirs.publicKey, secret, LINK)
  const raw = (key: Bytes) => crypto.subtle.importKey('raw', key, 'X25519', false, [])
  const prefix = hex('302e020100300506032b656e04220420')
  const secretKey = await crypto.subtle.importKey(
    'pkcs8',
    Uint8Array.from([...prefix, ...mine.privateKey]),
    'X25519',
    false,
    ['deriveBits'],
  )
  const peer = await raw(theirs.publicKey.slice(1))
  const shared = await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, secretKey, 256)
  const ikm = Uint8Array.from([...new Uint8Array(shared), ...secret])
  const base = await crypto.subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits'])
  const how = { name: 'HKDF', hash: 'SHA-256', salt: utf8(LINK), info: utf8('sealstream link 1') }
  const okm = Buffer.from(await crypto.subtle.deriveBits(how, base, 68 * 8))
  expect(channel.check).toBe(String(okm.readUInt32BE(64) % 100).padStart(2, '0'))
  const toOld = await crypto.subtle.importKey('raw', okm.subarray(0, 32), 'AES-GCM', false, [
    'decrypt',
  ])
  for (let count = 0; count < 3; count++) {
    const body = await channel.seal(utf8(`${count}`))
    const iv = hex(count.toString(16).padStart(24, '0'))
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, toOld, body)
    expect(fromUtf8(new Uint8Array(plain))).toBe(`${count}`)
  }
})

test('the old device seals nothing more before the digits, and nothing at all after wrong ones', async () => {
  const { old, check } = await linked()
  const identity = await createIdentity()
  const content = encode({ v: 2, account: {} }) as Bytes
  await expect(old.seal(LINK, utf8('x'))).rejects.toMatchObject({ code: 'bad_link' })
  await expect(old.sealAccount(LINK, content, identity)).rejects.toMatchObject({ code: 'bad_link' })
  const wrong = String((Number(check) + 1) % 100).padStart(2, '0')
  expect(old.confirm(LINK, wrong)).toBe(false)
  expect(() => old.confirm(LINK, check)).toThrow('no such link')
})

test('an account of any size arrives whole, in bodies that fit a mailbox', async () => {
  await assert(
    asyncProperty(integer({ min: 0, max: 40_000 }), async (length) => {
      const { fresh, old, check } = await linked()
      old.confirm(LINK, check)
      const identity = await createIdentity()
      const content = encode({ v: 2, account: { userId: 'u' }, more: 'x'.repeat(length) }) as Bytes
      const bodies = await old.sealAccount(LINK, content, identity)
      expect(Math.max(...bodies.map((body) => body.length))).toBeLessThanOrEqual(8192)
      const taken = []
      for (const body of bodies) taken.push(await fresh.takeAccount(LINK, body))
      expect(taken.slice(0, -1).every((one) => one === null)).toBe(true)
      expect(taken.at(-1)?.identity).toEqual(identity)
      expect(taken.at(-1)?.content.length).toBeGreaterThanOrEqual(length)
    }),
    { numRuns: 8 },
  )
})

test('any changed, repeated or swapped body ends the link', async () => {
  await assert(
    asyncProperty(nat(), integer({ min: 1, max: 255 }), async (at, flip) => {
      const { fresh, old, check } = await linked()
      old.confirm(LINK, check)
      const [one, two] = [await old.seal(LINK, utf8('one')), await old.seal(LINK, utf8('two'))]
      const changed = one.map((byte, i) => (i === at % one.length ? byte ^ flip : byte))
      const body = at % 2 ? two : changed
      await expect(fresh.open(LINK, body)).rejects.toMatchObject({ code: 'bad_link' })
      // Not even the right one opens now.
      await expect(fresh.open(LINK, one)).rejects.toMatchObject({ code: 'bad_link' })
    }),
    { numRuns: 20 },
  )
})

test('a first body of another key, cut short, or of a low-order point is refused', async () => {
  const cases = async (change: (body: Bytes) => Bytes, code: string) => {
    const [fresh, old] = [new LinkSides(), new LinkSides()]
    const { publicKey, secret } = await fresh.offer(LINK)
    const first = await old.join(LINK, publicKey, secret, utf8('hello'))
    await expect(fresh.meet(LINK, change(first))).rejects.toMatchObject({ code })
  }
  await cases((body) => {
    body.set(alice.publicKey, 0)
    return body
  }, 'bad_link')
  await cases((body) => body.slice(0, 20), 'bad_link')
  await cases((body) => body.fill(0, 1, 33), 'bad_key')
  await cases((body) => body.fill(6, 0, 1), 'bad_key')
})
