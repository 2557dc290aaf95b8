import type {
  Direction,
  KeyPairType,
  StorageType,
} from '@privacyresearch/libsignal-protocol-typescript'
import { equal, fromUtf8, own, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { KeyPair, LocalIdentity, Prekey, PublicKey } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'

/**
 * libsignal's storage for exactly one operation: a staged copy. What the operation wrote is taken
 * out only if it succeeded. It knows one identity; any other is refused loudly, also where
 * libsignal forgets to wait for the answer.
 */
export class StagedStore implements StorageType {
  usedPrekeyId: number | null = null

  constructor(
    private readonly local: LocalIdentity,
    public session: Bytes | undefined,
    private readonly expected: PublicKey,
    private readonly prekey: Prekey | null = null,
    private readonly signedPrekey: Prekey | null = null,
  ) {}

  async getIdentityKeyPair(): Promise<KeyPairType> {
    return toLibrary(this.local.keyPair)
  }
  async getLocalRegistrationId(): Promise<number> {
    return this.local.registrationId
  }
  async isTrustedIdentity(_name: string, key: ArrayBuffer, _direction: Direction) {
    return equal(own(key), this.expected)
  }
  async saveIdentity(_address: string, key: ArrayBuffer): Promise<boolean> {
    if (!equal(own(key), this.expected)) throw new CryptoError('identity_mismatch')
    return false
  }
  async loadPreKey(id: string | number): Promise<KeyPairType | undefined> {
    return this.prekey && Number(id) === this.prekey.id ? toLibrary(this.prekey.keyPair) : undefined
  }
  async loadSignedPreKey(id: string | number): Promise<KeyPairType | undefined> {
    const held = this.signedPrekey
    return held && Number(id) === held.id ? toLibrary(held.keyPair) : undefined
  }
  async removePreKey(id: string | number): Promise<void> {
    if (Number(id) > 0) this.usedPrekeyId = Number(id)
  }
  async loadSession(): Promise<string | undefined> {
    return this.session && fromUtf8(this.session)
  }
  async storeSession(_address: string, record: string): Promise<void> {
    this.session = utf8(record)
  }
  async storePreKey(): Promise<void> {
    throw new CryptoError('internal', 'prekeys are made by the engine')
  }
  async storeSignedPreKey(): Promise<void> {
    throw new CryptoError('internal', 'prekeys are made by the engine')
  }
  async removeSignedPreKey(): Promise<void> {
    throw new CryptoError('internal', 'prekeys are erased by the caller')
  }
}

export function toLibrary(pair: KeyPair): KeyPairType {
  return { pubKey: own(pair.publicKey).buffer, privKey: own(pair.privateKey).buffer }
}
