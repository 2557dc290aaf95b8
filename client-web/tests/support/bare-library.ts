import {
  SessionBuilder,
  SessionCipher,
  SignalProtocolAddress,
} from '@privacyresearch/libsignal-protocol-typescript'
import type { KeyPairType, StorageType } from '@privacyresearch/libsignal-protocol-typescript'
import { equal, own } from '@/crypto/bytes'
import type { LocalIdentity, Prekey, SignedPrekey } from '@/crypto/protocol/protocol'
import { toLibrary } from '@/crypto/v3/staged-store'

/**
 * libsignal as its own README tells to use it, with a plain in-memory store that pins the first
 * identity: what our engine is compared with.
 */
export class BareParty implements StorageType {
  sessions = new Map<string, string>()
  pins = new Map<string, ArrayBuffer>()
  prekeys = new Map<number, KeyPairType>()
  signed = new Map<number, KeyPairType>()

  constructor(
    readonly identity: LocalIdentity,
    prekeys: Prekey[] = [],
    signed: SignedPrekey[] = [],
  ) {
    for (const { id, keyPair } of prekeys) this.prekeys.set(id, toLibrary(keyPair))
    for (const { id, keyPair } of signed) this.signed.set(id, toLibrary(keyPair))
  }
  getIdentityKeyPair = async () => toLibrary(this.identity.keyPair)
  getLocalRegistrationId = async () => this.identity.registrationId
  isTrustedIdentity = async (name: string, key: ArrayBuffer) => {
    const pin = this.pins.get(name.split('.')[0] ?? name)
    return pin === undefined || equal(own(pin), own(key))
  }
  saveIdentity = async (address: string, key: ArrayBuffer) => {
    this.pins.set(address.split('.')[0] ?? address, key)
    return true
  }
  loadPreKey = async (id: string | number) => this.prekeys.get(Number(id))
  storePreKey = async () => undefined
  removePreKey = async (id: string | number) => void this.prekeys.delete(Number(id))
  storeSession = async (address: string, record: string): Promise<void> =>
    void this.sessions.set(address, record)
  loadSession = async (address: string): Promise<string | undefined> => this.sessions.get(address)
  loadSignedPreKey = async (id: string | number) => this.signed.get(Number(id))
  storeSignedPreKey = async () => undefined
  removeSignedPreKey = async () => undefined

  cipher(name: string) {
    return new SessionCipher(this, new SignalProtocolAddress(name, 1))
  }
  builder(name: string) {
    return new SessionBuilder(this, new SignalProtocolAddress(name, 1))
  }
}

export const binary = (body: string | undefined): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(body ?? '', (char) => char.charCodeAt(0))
