/**
 * The engine as the page knows it. Private keys and sessions leave the engine's thread only as
 * `Sealed` bytes, which that thread alone opens; see `safe.ts`.
 */
import type { Bytes } from '@/crypto/bytes'
import type {
  Bundle,
  EnvelopeKind,
  LocalIdentity,
  SafetyNumberSide,
  Prekey,
  PrekeyMessageInfo,
  PublicKey,
  DeviceAddress,
  SessionInfo,
  SignedPrekey,
  UsedPrekeys,
} from '@/crypto/protocol/protocol'
import type { Version } from '@/crypto/protocol/version'

declare const sealed: unique symbol

/** A secret of the engine: tag of the kind of secret, version of the layout, nonce, ciphertext. */
export type Sealed = Bytes & { readonly [sealed]: true }

export interface SealedIdentity {
  publicKey: PublicKey
  secret: Sealed
  /** 1 … 16380 */
  registrationId: number
}

/** This device in an exchange of messages. */
export interface SealedLocal extends SealedIdentity {
  address: DeviceAddress
}

export interface SealedPrekey {
  id: number
  publicKey: PublicKey
  secret: Sealed
}

export interface SealedSignedPrekey extends SealedPrekey {
  /** 64 bytes, by the identity key over the 33 bytes of the public key */
  signature: Bytes
}

/** Of version 4's KEM: the public key is 1,569 bytes, the secret the seed of the pair. */
export type SealedKemPrekey = SealedSignedPrekey

export interface StartRequest {
  local: SealedLocal
  remote: DeviceAddress
  /** The session so far: kept inside the new one, so that late messages still decrypt. */
  session: Sealed | null
  bundle: Bundle
  /** The key this person is known by. Another one in the bundle is refused. */
  pinned: PublicKey
  /** Milliseconds */
  now: number
  /** The identity is known to have KEM prekeys: a bundle without one is refused. */
  knownFour: boolean
}

/** One plaintext for many devices, of one or several people. */
export interface EncryptRequest {
  local: SealedLocal
  plaintext: Bytes
  recipients: readonly Recipient[]
  now: number
}

export interface Recipient {
  remote: DeviceAddress
  session: Sealed | null
  /** Of the device as it is. */
  registrationId: number
  pinned: PublicKey
}

export interface Encrypted {
  session: Sealed
  /** `prekey` while the other side has not answered in this session. */
  kind: EnvelopeKind
  body: Bytes
  version: Version
}

export interface DecryptRequest {
  local: SealedLocal
  remote: DeviceAddress
  session: Sealed | null
  kind: EnvelopeKind
  body: Bytes
  /**
   * Null at the very first message from this person, and when their record was damaged: the open
   * session is believed then, for it was begun with the key that was pinned.
   */
  pinned: PublicKey | null
  /** The prekey that `inspect` names; null when this device no longer has it. */
  prekey: SealedPrekey | null
  signedPrekey: SealedPrekey | null
  kemPrekey: SealedKemPrekey | null
  /** The base key was used before with these very prekeys, and the KEM prekey is the last resort. */
  baseKeyUsed: boolean
  /** The device is known to speak version 4: no session of version 3 with it begins any more. */
  knownFour: boolean
  /** Nothing that the device wrote before is on its way: it came by the mailbox, which keeps order. */
  inOrder: boolean
}

export interface Decrypted {
  session: Sealed
  plaintext: Bytes
  /** The identity the session is bound to; the caller pins it at first use. */
  identityKey: PublicKey
  /** The prekeys that a new session used; null where no session began. */
  used: UsedPrekeys | null
  version: Version
}

export interface DescribedSession extends SessionInfo {
  /** Of the session that is used for sending; null without one. */
  version: Version | null
}

/**
 * A call that throws (always a `CryptoError`) has changed nothing. The caller stores the returned
 * session before it uses the result, and never runs two calls for one remote device at once. A
 * session that does not open counts as none; any other secret that does not is `damaged`.
 */
export interface SealedEngine {
  createIdentity(): Promise<SealedIdentity>
  /** Ids `firstId` … `firstId + count - 1`; `firstId` ≥ 1. */
  createPrekeys(firstId: number, count: number): Promise<SealedPrekey[]>
  createSignedPrekey(identity: SealedIdentity, id: number): Promise<SealedSignedPrekey>
  /** Ids `firstId` … `firstId + count - 1`; `firstId` ≥ 1. */
  createKemPrekeys(
    identity: SealedIdentity,
    firstId: number,
    count: number,
  ): Promise<SealedKemPrekey[]>
  startSession(request: StartRequest): Promise<Sealed>
  /** In the order of `recipients`; null for a device without a session that fits it. */
  encrypt(request: EncryptRequest): Promise<(Encrypted | null)[]>
  inspect(body: Bytes): Promise<PrekeyMessageInfo>
  decrypt(request: DecryptRequest): Promise<Decrypted>
  describe(remote: DeviceAddress, session: Sealed): Promise<DescribedSession>
  /** Sixty digits, the same for both sides. Half a second of work: never on the page's thread. */
  safetyNumber(one: SafetyNumberSide, other: SafetyNumberSide): Promise<string>
  /** Whether `signature` is the Ed25519 key's of `message`. */
  isSigned(key: Bytes, message: Bytes, signature: Bytes): Promise<boolean>
  /** A backup file of `content` (`backup-identity.ts`) and the identity. */
  sealBackup(content: Bytes, identity: SealedIdentity, passphrase: string): Promise<Bytes>
  /** @throws CryptoError `backup_…` */
  openBackup(file: Bytes, passphrase: string): Promise<OpenedBackup>
}

export interface OpenedBackup {
  content: Bytes
  identity: SealedIdentity
}

/** Secrets as builds left them that did not seal them. The page has them once, to hand them over. */
export interface RawSecrets {
  identity: LocalIdentity | null
  prekeys: readonly Prekey[]
  signedPrekeys: readonly SignedPrekey[]
  sessions: readonly { remote: DeviceAddress; session: string }[]
}

/** In the order of the `RawSecrets`. */
export interface SealedSecrets {
  identity: SealedIdentity | null
  prekeys: SealedPrekey[]
  signedPrekeys: SealedSignedPrekey[]
  sessions: Sealed[]
}

/** Opens the safe in a thread. `wrapping` is an AES-GCM key that cannot be extracted and wraps and unwraps only. */
export interface SafeAccess {
  wrapped: Bytes
  wrapping: CryptoKey
  /** Must open with it. */
  identity: SealedIdentity | null
}

/** The safe that the engine's thread seals with. Without an open one its engine seals and opens nothing. */
export interface SafeControl {
  /** A new one, open from now on, and `raw` in it. */
  createSafe(
    wrapping: CryptoKey,
    raw: RawSecrets,
  ): Promise<{ wrapped: Bytes; secrets: SealedSecrets }>
  /** @throws CryptoError `damaged` */
  openSafe(access: SafeAccess): Promise<void>
  /** Its key under another wrapping. @throws CryptoError `damaged` */
  rewrapSafe(wrapped: Bytes, from: CryptoKey, to: CryptoKey): Promise<Bytes>
}
