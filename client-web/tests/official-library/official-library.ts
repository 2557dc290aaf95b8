/** Devices over the official library, with stores in memory: the oracle of our own engine. Tests only. */
import type * as Official from '@signalapp/libsignal-client'
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { DeviceAddress } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import type { Device, KemBundle, Letter } from '../support/device'

export type Library = typeof Official

/** The oldest version that speaks exactly this protocol, and the newest that was tried. */
export const VERSIONS = ['0.92.2', '0.103.0'] as const
export type Version = (typeof VERSIONS)[number]

export const load = async (version: Version): Promise<Library> =>
  version === '0.103.0'
    ? import('@signalapp/libsignal-client')
    : ((await import('libsignal-client-0.92.2')) as unknown as Library)

/** Calls that take the local address in one version only. */
interface Calls {
  start(bundle: Official.PreKeyBundle, remote: Official.ProtocolAddress): Promise<void>
  read(message: Official.SignalMessage, remote: Official.ProtocolAddress): Promise<Uint8Array>
}

const KYBER_ONE_TIME = 1
const KYBER_LAST_RESORT = 1000

export async function officialDevice(
  version: Version,
  address: DeviceAddress,
  identity?: Bytes,
): Promise<OfficialDevice> {
  return new OfficialDevice(await load(version), version, address, identity)
}

export class OfficialDevice implements Device {
  readonly identity: Official.PrivateKey
  readonly registrationId = 1 + Math.floor(Math.random() * 16380)
  private readonly sessions = new Map<string, Bytes>()
  private readonly known = new Map<string, Official.PublicKey>()
  private readonly usedKyber = new Set<string>()
  private readonly prekeys = new Map<number, Official.PreKeyRecord>()
  private readonly signed: Official.SignedPreKeyRecord
  private readonly kyber = new Map<number, Official.KyberPreKeyRecord>()
  private readonly calls: Calls
  private readonly stores: ReturnType<OfficialDevice['openStores']>

  constructor(
    private readonly official: Library,
    version: Version,
    readonly address: DeviceAddress,
    identity?: Bytes,
  ) {
    const { PrivateKey, PreKeyRecord, SignedPreKeyRecord, KyberPreKeyRecord, KEMKeyPair } = official
    this.identity = identity ? PrivateKey.deserialize(identity) : PrivateKey.generate()
    const [signed, prekey] = [PrivateKey.generate(), PrivateKey.generate()]
    const signature = this.identity.sign(signed.getPublicKey().serialize())
    this.signed = SignedPreKeyRecord.new(1, 1, signed.getPublicKey(), signed, signature)
    this.prekeys.set(1, PreKeyRecord.new(1, prekey.getPublicKey(), prekey))
    for (const id of [KYBER_ONE_TIME, KYBER_LAST_RESORT]) {
      const pair = KEMKeyPair.generate()
      const signature = this.identity.sign(pair.getPublicKey().serialize())
      this.kyber.set(id, KyberPreKeyRecord.new(id, 1, pair, signature))
    }
    const stores = this.openStores()
    this.stores = stores
    const local = this.named(address)
    const { sessions, identities } = stores
    this.calls =
      version === '0.103.0'
        ? {
            start: (bundle, remote) =>
              official.processPreKeyBundle(bundle, remote, local, sessions, identities),
            read: (message, remote) =>
              official.signalDecrypt(message, remote, local, sessions, identities),
          }
        : {
            start: (bundle, remote) =>
              (official.processPreKeyBundle as (...args: unknown[]) => Promise<void>)(
                bundle,
                remote,
                sessions,
                identities,
              ),
            read: (message, remote) =>
              (official.signalDecrypt as (...args: unknown[]) => Promise<Uint8Array>)(
                message,
                remote,
                sessions,
                identities,
              ),
          }
  }

  bundle({ prekey = true, lastResort = false } = {}): KemBundle {
    const kyber = this.kyber.get(lastResort ? KYBER_LAST_RESORT : KYBER_ONE_TIME)
    const oneTime = this.prekeys.get(1)
    if (!kyber) throw new Error('used up')
    return {
      registrationId: this.registrationId,
      identityKey: this.identity.getPublicKey().serialize(),
      signedPrekey: {
        id: this.signed.id(),
        key: this.signed.publicKey().serialize(),
        signature: this.signed.signature(),
      },
      prekey: prekey && oneTime ? { id: 1, key: oneTime.publicKey().serialize() } : null,
      kemPrekey: {
        id: kyber.id(),
        key: kyber.publicKey().serialize(),
        signature: kyber.signature(),
      },
    }
  }

  async start(to: Device, bundle: KemBundle = to.bundle()): Promise<void> {
    const { PreKeyBundle, PublicKey, KEMPublicKey } = this.official
    const { registrationId, identityKey, signedPrekey, prekey, kemPrekey } = bundle
    await this.calls.start(
      PreKeyBundle.new(
        registrationId,
        to.address.deviceId,
        prekey?.id ?? null,
        prekey && PublicKey.deserialize(prekey.key),
        signedPrekey.id,
        PublicKey.deserialize(signedPrekey.key),
        signedPrekey.signature,
        PublicKey.deserialize(identityKey),
        kemPrekey.id,
        KEMPublicKey.deserialize(kemPrekey.key),
        kemPrekey.signature,
      ),
      this.named(to.address),
    )
  }

  async write(to: Device, plaintext: Bytes): Promise<Letter> {
    const { sessions, identities } = this.stores
    const [remote, local] = [this.named(to.address), this.named(this.address)]
    const message = await this.official.signalEncrypt(
      plaintext,
      remote,
      local,
      sessions,
      identities,
    )
    return { kind: message.type() === 3 ? 'prekey' : 'message', body: own(message.serialize()) }
  }

  async read(from: Device, { kind, body }: Letter): Promise<Bytes> {
    const { SignalMessage, PreKeySignalMessage } = this.official
    const remote = this.named(from.address)
    if (kind === 'message')
      return own(await this.calls.read(SignalMessage.deserialize(body), remote))
    const { sessions, identities, prekeys, signed, kyber } = this.stores
    const parsed = PreKeySignalMessage.deserialize(body)
    const local = this.named(this.address)
    return own(
      await this.official.signalDecryptPreKey(
        parsed,
        remote,
        local,
        sessions,
        identities,
        prekeys,
        signed,
        kyber,
      ),
    )
  }

  /** What is stored of the session: the library's own protobuf. */
  stored(of: Device): Bytes | null {
    return this.sessions.get(this.named(of.address).toString()) ?? null
  }

  /** Drops the session, keeps the rest. */
  forget(of: Device): void {
    this.sessions.delete(this.named(of.address).toString())
  }

  private named({ userId, deviceId }: DeviceAddress): Official.ProtocolAddress {
    return this.official.ProtocolAddress.new(userId, deviceId)
  }

  private openStores() {
    const { official: library, identity, known, registrationId } = this
    const { sessions, prekeys, kyber, usedKyber, signed } = this
    const has = <T>(value: T | undefined): T => {
      if (value === undefined) throw new CryptoError('missing_prekey')
      return value
    }
    class Sessions extends library.SessionStore {
      async saveSession(name: Official.ProtocolAddress, record: Official.SessionRecord) {
        sessions.set(name.toString(), record.serialize())
      }
      async getSession(name: Official.ProtocolAddress) {
        const bytes = sessions.get(name.toString())
        return bytes ? library.SessionRecord.deserialize(bytes) : null
      }
      async getExistingSessions(): Promise<never> {
        throw new Error('not needed')
      }
    }
    class Identities extends library.IdentityKeyStore {
      async getIdentityKey() {
        return identity
      }
      async getLocalRegistrationId() {
        return registrationId
      }
      async saveIdentity(name: Official.ProtocolAddress, key: Official.PublicKey) {
        known.set(name.toString(), key)
        return library.IdentityChange.NewOrUnchanged
      }
      async isTrustedIdentity(name: Official.ProtocolAddress, key: Official.PublicKey) {
        return known.get(name.toString())?.equals(key) ?? true
      }
      async getIdentity(name: Official.ProtocolAddress) {
        return known.get(name.toString()) ?? null
      }
    }
    class Prekeys extends library.PreKeyStore {
      async savePreKey() {}
      async getPreKey(id: number) {
        return has(prekeys.get(id))
      }
      async removePreKey(id: number) {
        prekeys.delete(id)
      }
    }
    class Signed extends library.SignedPreKeyStore {
      async saveSignedPreKey() {}
      async getSignedPreKey() {
        return signed
      }
    }
    class Kyber extends library.KyberPreKeyStore {
      async saveKyberPreKey() {}
      async getKyberPreKey(id: number) {
        return has(kyber.get(id))
      }
      async markKyberPreKeyUsed(id: number, signedId: number, baseKey: Official.PublicKey) {
        if (id !== KYBER_LAST_RESORT) {
          kyber.delete(id)
          return
        }
        const triple = [id, signedId, ...baseKey.serialize()].join()
        if (usedKyber.has(triple)) throw new Error('reused base key')
        usedKyber.add(triple)
      }
    }
    return {
      sessions: new Sessions(),
      identities: new Identities(),
      prekeys: new Prekeys(),
      signed: new Signed(),
      kyber: new Kyber(),
    }
  }
}
