/**
 * The key agreement that begins a session. Promise: both sides derive the same three keys, or the
 * first message's MAC fails. Source: Signal, "The PQXDH Key Agreement Protocol", section 3, with the labels of
 * Signal's clients; associated data enters in the MAC of each message instead.
 */
import { concat, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { KeyPair, Prekey, PublicKey } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import { isCanonicalAndTorsionFree } from '@/crypto/curve/public-key'
import { agree } from '@/crypto/curve/x25519'
import { deriveKeys, NO_SALT } from './kdf'
import { decapsulate } from './kem'

const INFO = utf8('WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024')

interface InitialKeys {
  root: Bytes
  chain: Bytes
  /** Authenticates the post-quantum ratchet. */
  pq: Bytes
}

/** An agreement of two keys with their type bytes. @throws CryptoError `bad_key` */
export async function agreement(publicKey: PublicKey, pair: KeyPair): Promise<Bytes> {
  try {
    return await agree(publicKey.subarray(1), pair.privateKey)
  } catch (cause) {
    throw new CryptoError('bad_key', 'no agreement', { cause })
  }
}

/** `agreements`: three, or four with a one-time prekey, in the specification's order. */
export function initialKeys(agreements: readonly Bytes[], kemSecret: Bytes): InitialKeys {
  const secret = concat(new Uint8Array(32).fill(0xff), ...agreements, kemSecret)
  const [root, chain, pq] = deriveKeys(NO_SALT, secret, INFO, 3) as [Bytes, Bytes, Bytes]
  return { root, chain, pq }
}

export async function initiate(
  identity: KeyPair,
  base: KeyPair,
  theirs: { identity: PublicKey; signedPrekey: PublicKey; prekey: PublicKey | null },
  kemSecret: Bytes,
): Promise<InitialKeys> {
  const agreements = await Promise.all([
    agreement(theirs.signedPrekey, identity),
    agreement(theirs.identity, base),
    agreement(theirs.signedPrekey, base),
    ...(theirs.prekey ? [agreement(theirs.prekey, base)] : []),
  ])
  return initialKeys(agreements, kemSecret)
}

/** @throws CryptoError `bad_key` for a base key that is not canonical or not of prime order */
export async function respond(
  identity: KeyPair,
  signedPrekey: Prekey,
  prekey: Prekey | null,
  kemSeed: Bytes,
  theirs: { identity: PublicKey; base: PublicKey; ciphertext: Bytes },
): Promise<InitialKeys> {
  if (!isCanonicalAndTorsionFree(theirs.base.slice(1))) {
    throw new CryptoError('bad_key', 'base key outside the prime-order subgroup')
  }
  const agreements = await Promise.all([
    agreement(theirs.identity, signedPrekey.keyPair),
    agreement(theirs.base, identity),
    agreement(theirs.base, signedPrekey.keyPair),
    ...(prekey ? [agreement(theirs.base, prekey.keyPair)] : []),
  ])
  return initialKeys(agreements, decapsulate(kemSeed, theirs.ciphertext))
}
