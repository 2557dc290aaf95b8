/** What an attacker, or the relay itself, writes in somebody else's name. */
import { fromBase64, own, random, toBase64, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { Bundle } from '@/crypto/protocol/protocol'
import { identityText } from '@/crypto/contact/contact-code'
import { createIdentity, createSignedPrekey } from '@/crypto/protocol/keys'
import { encodeSignalMessage, parseSignalMessage } from '@/crypto/v4/signal-messages'
import type { IncomingEnvelope } from '@/wire/types'
import { Party } from './party'
import type { TestRelay } from './test-relay'

type Forged = Omit<IncomingEnvelope, 'seq' | 'from'>

/** The keys that the relay has of somebody's device. */
export function bundleOf(relay: TestRelay, name: string, device?: number): Bundle {
  const { registrationId, signedPrekey } = relay.device(name, device)
  return {
    registrationId,
    identityKey: fromBase64(relay.user(name).identity ?? ''),
    signedPrekey: {
      id: signedPrekey.id,
      key: fromBase64(signedPrekey.key),
      signature: fromBase64(signedPrekey.signature),
    },
    prekey: null,
    kemPrekey: null,
  }
}

/** A prekey message for `to`, written under a key made just now; `say` gets that key as text. */
export async function forgedFor(
  relay: TestRelay,
  to: string,
  say: (identity: string) => Bytes = () => utf8('I am Anna, trust me'),
  device?: number,
): Promise<Forged> {
  const mallory = await Party.create('mallory')
  await mallory.start(mallory, bundleOf(relay, to, device))
  const plaintext = say(identityText(mallory.identity.keyPair.publicKey))
  const { kind, body } = await mallory.seal(mallory, plaintext)
  return { id: crypto.randomUUID(), kind, body: own(body), at: Date.now() }
}

/** Keys of the attacker's own making, as a bundle's device. */
export async function attackersDevice(id: number) {
  const identity = await createIdentity()
  const signed = await createSignedPrekey(identity.keyPair, 1)
  return {
    identity: toBase64(identity.keyPair.publicKey),
    device: {
      device_id: id,
      registration_id: identity.registrationId,
      signed_prekey: {
        id: 1,
        key: toBase64(signed.keyPair.publicKey),
        signature: toBase64(signed.signature),
      },
      prekey: null,
    },
  }
}

/** Another key that ends in the same eight characters; nobody has its private half. */
export function lookAlike(identity: string): string {
  const key = fromBase64(identity)
  key[10] = (key[10] ?? 0) ^ 1
  return toBase64(key)
}

/** A real message, its counter moved by so much: the ratchet key is known, the MAC is not. */
export function withCounter(body: Uint8Array, ahead: number): Bytes {
  const message = parseSignalMessage(body)
  const nobody = new Uint8Array(0)
  const ends = { sender: nobody, receiver: nobody }
  return encodeSignalMessage({ ...message, counter: message.counter + ahead }, random(32), ends)
}
