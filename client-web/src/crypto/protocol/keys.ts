/** Keys that a device publishes, made and checked: the same for both versions of the protocol. */
import { concat, random } from '@/crypto/bytes'
import type { Bundle, KeyPair, LocalIdentity, Prekey, SignedPrekey } from './protocol'
import { CryptoError } from '@/crypto/errors'
import { checkPublicKey } from '@/crypto/curve/public-key'
import { clamp, publicKeyOf } from '@/crypto/curve/x25519'
import { isValid, sign } from '@/crypto/curve/xeddsa'

/** @throws CryptoError `bad_key`, `bad_signature` */
export function checkBundle(bundle: Omit<Bundle, 'kemPrekey'>): void {
  checkPublicKey(bundle.identityKey)
  checkPublicKey(bundle.signedPrekey.key)
  if (bundle.prekey) checkPublicKey(bundle.prekey.key)
  const { key, signature } = bundle.signedPrekey
  if (signature.length !== 64 || !isValid(bundle.identityKey.slice(1), key, signature)) {
    throw new CryptoError('bad_signature')
  }
}

export async function createKeyPair(): Promise<KeyPair> {
  const privateKey = clamp(random(32))
  return { publicKey: concat(Uint8Array.of(5), await publicKeyOf(privateKey)), privateKey }
}

export async function createIdentity(): Promise<LocalIdentity> {
  const keyPair = await createKeyPair()
  // 1 … 16380, as Signal's clients draw it.
  const [draw] = crypto.getRandomValues(new Uint32Array(1))
  return { keyPair, registrationId: ((draw ?? 0) % 16380) + 1 }
}

export async function createPrekeys(firstId: number, count: number): Promise<Prekey[]> {
  checkId(firstId)
  return Promise.all(
    Array.from({ length: count }, async (_, index) => ({
      id: firstId + index,
      keyPair: await createKeyPair(),
    })),
  )
}

export async function createSignedPrekey(identity: KeyPair, id: number): Promise<SignedPrekey> {
  checkId(id)
  const keyPair = await createKeyPair()
  return { id, keyPair, signature: sign(identity.privateKey, keyPair.publicKey) }
}

/** In a message of version 3 the id 0 means "no prekey". */
export function checkId(id: number): void {
  if (!Number.isInteger(id) || id < 1 || id > 0xffffff) {
    throw new CryptoError('internal', `prekey id ${id} is not in 1 … 16777215`)
  }
}
