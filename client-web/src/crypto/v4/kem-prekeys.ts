/** KEM prekeys that a device publishes. */
import { random } from '@/crypto/bytes'
import { sign } from '@/crypto/curve/xeddsa'
import type { KemPrekey, KeyPair } from '@/crypto/protocol/protocol'
import { checkId } from '@/crypto/protocol/keys'
import { kemPublicKey, SEED_LENGTH } from './kem'

/** Ids `firstId` … `firstId + count - 1`; `firstId` ≥ 1. */
export function createKemPrekeys(identity: KeyPair, firstId: number, count: number): KemPrekey[] {
  checkId(firstId)
  return Array.from({ length: count }, (_, at) => {
    const seed = random(SEED_LENGTH)
    const publicKey = kemPublicKey(seed)
    return { id: firstId + at, seed, publicKey, signature: sign(identity.privateKey, publicKey) }
  })
}
