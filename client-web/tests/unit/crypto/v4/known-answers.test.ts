/** Known answers: `tests/fixtures/signal-vectors.json`, made by an independent model of the protocol. */
import { shake256 } from '@noble/hashes/sha3.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { expect, test } from 'vitest'
import { concat, own, random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { chainStep, messageKeys, rootStep } from '@/crypto/v4/chains'
import { chunkOf } from '@/crypto/v4/erasure'
import * as incremental from '@/crypto/v4/incremental-kem'
import { decapsulate, encapsulate, kemPublicKey } from '@/crypto/v4/kem'
import { initialKeys } from '@/crypto/v4/pqxdh'
import { receivePq, sendPq, startPqRatchet } from '@/crypto/v4/pq-ratchet'
import vectors from '../../../fixtures/signal-vectors.json'

const bytes = (hex: string): Bytes => own(hexToBytes(hex))
const hex = (...all: Uint8Array[]): string[] => all.map((one) => bytesToHex(one))

/** The stream SHAKE256(name), taken in pieces. */
function stream(name: string): (length: number) => Bytes {
  const xof = shake256.create({}).update(new TextEncoder().encode(name))
  return (length) => own(xof.xof(length))
}

test('PQXDH, with and without a one-time prekey', () => {
  const { dh1, dh2, dh3, dh4, kem, without_dh4, with_dh4 } = vectors.pqxdh
  const keys = (...agreements: string[]) => {
    const { root, chain, pq } = initialKeys(agreements.map(bytes), bytes(kem))
    return hex(root, chain, pq)
  }
  expect(keys(dh1, dh2, dh3)).toEqual(without_dh4)
  expect(keys(dh1, dh2, dh3, dh4)).toEqual(with_dh4)
})

test('steps of the Double Ratchet', () => {
  const { root, chain } = rootStep(bytes(vectors.root.root_key), bytes(vectors.root.dh))
  expect(hex(root, chain)).toEqual(vectors.root.out)
  const { seed, next } = chainStep(bytes(vectors.chain.key))
  expect(hex(seed, next)).toEqual(vectors.chain.seed_and_next)
})

test('message keys, with and without the post-quantum key', () => {
  const { seed, pq, cipher_mac_iv, without_pq } = vectors.message_keys
  const keys = messageKeys(bytes(seed), bytes(pq))
  expect(hex(keys.cipher, keys.mac, keys.iv)).toEqual(cipher_mac_iv)
  const bare = messageKeys(bytes(seed), new Uint8Array(32))
  expect(hex(bare.cipher, bare.mac, bare.iv)).toEqual(without_pq)
})

test('Kyber-1024 on ML-KEM-1024', () => {
  const draw = stream('kem')
  const seed = draw(64)
  const publicKey = kemPublicKey(seed)
  const { ciphertext, secret } = encapsulate(publicKey, draw(32))
  expect(hex(sha256(publicKey.slice(1)), sha256(ciphertext.slice(1)), secret)).toEqual([
    vectors.kyber1024.ek_sha256,
    vectors.kyber1024.ct_sha256,
    vectors.kyber1024.kyber_secret,
  ])
  expect(decapsulate(seed, ciphertext)).toEqual(secret)
})

test('chunks of the erasure code', () => {
  for (const [number, chunk] of Object.entries(vectors.erasure.chunks)) {
    expect(hex(chunkOf(bytes(vectors.erasure.message), Number(number)))).toEqual([chunk])
  }
})

test('both parts of an encapsulation together are that of FIPS 203', () => {
  for (let run = 0; run < 10; run++) {
    const [seed, message] = [random(64), random(32)]
    const { header, vector } = incremental.generate(seed)
    const { ct1, secret } = incremental.encapsulateHeader(header, message)
    const ct2 = incremental.encapsulateVector(header, message, vector)
    const whole = ml_kem768.encapsulate(ml_kem768.keygen(seed).publicKey, message)
    expect(concat(ct1, ct2)).toEqual(own(whole.cipherText))
    expect(secret).toEqual(own(whole.sharedSecret))
    expect(incremental.decapsulate(seed, ct1, ct2)).toEqual(secret)
  }
})

test('200 messages of the post-quantum ratchet with known randomness', () => {
  const { auth_key, rows, epochs_reached } = vectors.spqr
  const [a, b] = [startPqRatchet(bytes(auth_key), true), startPqRatchet(bytes(auth_key), false)]
  const [drawA, drawB] = [stream('A'), stream('B')]
  const all = sha256.create()
  for (let number = 1; number <= 200; number++) {
    const odd = number % 2 === 1
    const [from, to] = odd ? [a, b] : [b, a]
    const before = from.braid.state
    const { message, key } = sendPq(from, odd ? drawA : drawB)
    const row = (rows as Record<string, (typeof rows)['1']>)[number]
    if (row) {
      const states = [before, from.braid.state].map(
        (state) => state[0]?.toUpperCase() + state.slice(1),
      )
      expect([...states, ...hex(message, key)]).toEqual([
        row.before,
        row.after,
        row.message,
        row.key,
      ])
    }
    expect(receivePq(to, message)).toEqual(key)
    all
      .update(Uint8Array.of(message.length >> 8, message.length & 255))
      .update(message)
      .update(key)
  }
  expect(bytesToHex(all.digest())).toBe(vectors.spqr['sha256_of_all(u16be length, message, key)'])
  expect([a.chains.epoch, b.chains.epoch]).toEqual(epochs_reached)
})
