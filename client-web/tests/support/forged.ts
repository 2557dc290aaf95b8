/** What an attacker, or the relay itself, writes in somebody else's name. */
import { fromBase64, own } from '@/crypto/bytes'
import type { Bundle } from '@/crypto/engine'
import type { IncomingEnvelope } from '@/wire/types'
import { Party } from './party'
import type { TestRelay } from './test-relay'

/** The keys that the relay has of somebody's device. */
export function bundleOf(relay: TestRelay, name: string): Bundle {
  const { registrationId, signedPrekey } = relay.device(name)
  return {
    registrationId,
    identityKey: fromBase64(relay.user(name).identity ?? ''),
    signedPrekey: {
      id: signedPrekey.id,
      key: fromBase64(signedPrekey.key),
      signature: fromBase64(signedPrekey.signature),
    },
    prekey: null,
  }
}

/** A prekey message for `to`, written under a key made just now. */
export async function forgedFor(
  relay: TestRelay,
  to: string,
): Promise<Omit<IncomingEnvelope, 'seq' | 'from'>> {
  const mallory = await Party.create('mallory')
  await mallory.start(mallory, bundleOf(relay, to))
  const { kind, body } = await mallory.write(mallory, 'I am Anna, trust me')
  return { id: crypto.randomUUID(), kind, body: own(body), at: Date.now() }
}
