import { x25519 } from '@noble/curves/ed25519.js'
import { expect, test } from 'vitest'
import { Curve25519Wrapper as Original } from 'curve25519-original'
import { own, random } from '@/crypto/bytes'
import { AsyncCurve25519Wrapper } from '@/crypto/v3/libsignal-curve'
import { agree, clamp } from '@/crypto/curve/x25519'
import { isValid, sign } from '@/crypto/curve/xeddsa'

/** Drawn anew in every run. */
const KEYS = 60

test('keys and agreements equal the original over many keys', async () => {
  const original = await Original.create()
  const native = new AsyncCurve25519Wrapper()
  for (let i = 0; i < KEYS; i++) {
    const [a, b] = [random(32), random(32)]
    const [ours, theirs] = [await native.keyPair(own(a).buffer), original.keyPair(own(a).buffer)]
    expect(new Uint8Array(ours.pubKey)).toEqual(x25519.getPublicKey(clamp(a)))
    expect(new Uint8Array(ours.pubKey)).toEqual(new Uint8Array(theirs.pubKey))
    expect(new Uint8Array(ours.privKey)).toEqual(new Uint8Array(theirs.privKey))
    const peer = own(x25519.getPublicKey(b)).buffer
    expect(await agree(peer, ours.privKey)).toEqual(
      new Uint8Array(original.sharedSecret(peer, theirs.privKey)),
    )
  }
})

test('signatures of each are valid for the other', async () => {
  const original = await Original.create()
  for (let i = 0; i < KEYS / 4; i++) {
    const { pubKey, privKey } = await new AsyncCurve25519Wrapper().keyPair(random(32).buffer)
    const message = random(1 + i)
    const [ours, theirs] = [sign(privKey, message), own(original.sign(privKey, message.buffer))]
    expect(original.signatureIsValid(pubKey, message.buffer, ours.buffer)).toBe(true)
    expect(isValid(pubKey, message, theirs)).toBe(true)
    ours[i % 64] = (ours[i % 64] as number) ^ 4
    expect(isValid(pubKey, message, ours)).toBe(false)
  }
})
