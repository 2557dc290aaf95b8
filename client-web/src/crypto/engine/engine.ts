/**
 * The engine's interface to the page. Private keys and sessions leave the engine's thread only as `Sealed` bytes,
 * which no other thread can open; see `safe.ts`.
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

/** A KEM prekey of version 4. The public key has 1,569 bytes; the secret is the seed of the pair. */
export type SealedKemPrekey = SealedSignedPrekey

/** The session with one remote device. */
export interface SealedSession {
  /** Changes with every message. */
  state: Sealed
  /** Changes rarely, and is long. Null where `state` needs none. */
  rest: Sealed | null
}

/** A session to store in place of the given one. */
export interface SessionWrite {
  state: Sealed
  /** Null: removed. Absent: unchanged. */
  rest?: Sealed | null
}

export interface StartRequest {
  local: SealedLocal
  remote: DeviceAddress
  /** The present session. The new one contains it, so that late messages still decrypt. */
  session: SealedSession | null
  bundle: Bundle
  /** The pinned identity of this person. A bundle with another identity is refused. */
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
  session: SealedSession | null
  /** The present registration id of the device. */
  registrationId: number
  pinned: PublicKey
}

export interface Encrypted {
  session: SessionWrite
  /** `prekey` until the other side has answered in this session. */
  kind: EnvelopeKind
  body: Bytes
  version: Version
}

export interface DecryptRequest {
  local: SealedLocal
  remote: DeviceAddress
  session: SealedSession | null
  kind: EnvelopeKind
  body: Bytes
  /**
   * Null for the first message from this person, and if their record was damaged. The identity of the open session
   * counts then, because it was pinned when the session began.
   */
  pinned: PublicKey | null
  /** The prekey that `inspect` names; null if this device no longer has it. */
  prekey: SealedPrekey | null
  signedPrekey: SealedPrekey | null
  kemPrekey: SealedKemPrekey | null
  /** The base key was used before with these prekeys, and the KEM prekey is the last resort. */
  baseKeyUsed: boolean
  /** The device is known to speak version 4: a new session of version 3 with it is refused. */
  knownFour: boolean
  /** No earlier message of the device is under way: this one came through the mailbox, which keeps order. */
  inOrder: boolean
}

export interface Decrypted {
  session: SessionWrite
  plaintext: Bytes
  /** The identity that the session is bound to. The caller pins it at first use. */
  identityKey: PublicKey
  /** Prekeys used by a new session; null if no session began. */
  used: UsedPrekeys | null
  version: Version
}

export interface DescribedSession extends SessionInfo {
  /** Version of the session that is used for sending; null without one. */
  version: Version | null
}

/**
 * A call that throws (always a `CryptoError`) has changed nothing. The caller stores the returned session before
 * it uses the result, and never runs two calls for one remote device at once. A session that does not open counts
 * as none. Any other secret that does not open throws `damaged`.
 */
export interface SealedEngine extends LinkEngine {
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
  startSession(request: StartRequest): Promise<SessionWrite>
  /** In the order of `recipients`; null for a device without a matching session. */
  encrypt(request: EncryptRequest): Promise<(Encrypted | null)[]>
  inspect(body: Bytes): Promise<PrekeyMessageInfo>
  decrypt(request: DecryptRequest): Promise<Decrypted>
  describe(remote: DeviceAddress, session: SealedSession): Promise<DescribedSession>
  /** Sixty digits, equal on both sides. Takes half a second. */
  safetyNumber(one: SafetyNumberSide, other: SafetyNumberSide): Promise<string>
  /** Whether `signature` is an Ed25519 signature of `message` by `key`. */
  isSigned(key: Bytes, message: Bytes, signature: Bytes): Promise<boolean>
  /** A backup file of `content` (`backup-identity.ts`) and the identity. */
  sealBackup(content: Bytes, identity: SealedIdentity, passphrase: string): Promise<Bytes>
  /** @throws CryptoError `backup_…` */
  openBackup(file: Bytes, passphrase: string): Promise<OpenedBackup>
}

/**
 * Linking a device, by the id of the link's mailbox; `link-sides.ts` has the order of calls. Every call but the first
 * of a side throws `bad_link` where the link is over. Also the sealing of the files that history travels in.
 */
export interface LinkEngine {
  /** On the new device: what its picture shows. */
  offerLink(link: string): Promise<{ publicKey: PublicKey; secret: Bytes }>
  /** The old device's first body; `check`: two digits. @throws CryptoError `bad_link`, `bad_key` */
  meetLink(link: string, body: Bytes): Promise<{ check: string; plain: Bytes }>
  /** On the old device: its first body. @throws CryptoError `bad_key` */
  joinLink(link: string, theirs: PublicKey, secret: Bytes, plain: Bytes): Promise<Bytes>
  /** What the person typed on the old device. Until it is right nothing more is sealed; wrong, the link is over. */
  confirmLink(link: string, digits: string): Promise<boolean>
  sealToLink(link: string, plain: Bytes): Promise<Bytes>
  openFromLink(link: string, body: Bytes): Promise<Bytes>
  /** The bodies of `content` (`backup-identity.ts`) and the identity. */
  sealAccountToLink(link: string, content: Bytes, identity: SealedIdentity): Promise<Bytes[]>
  /** One body of them; null while more are to come. */
  takeAccountFromLink(link: string, body: Bytes): Promise<OpenedBackup | null>
  endLink(link: string): Promise<void>
}

export interface OpenedBackup {
  content: Bytes
  identity: SealedIdentity
}

/** Unsealed secrets that earlier builds stored. The page holds them once, to pass them to the engine. */
export interface RawSecrets {
  identity: LocalIdentity | null
  prekeys: readonly Prekey[]
  signedPrekeys: readonly SignedPrekey[]
  sessions: readonly { remote: DeviceAddress; session: string }[]
}

/** In the order of `RawSecrets`. */
export interface SealedSecrets {
  identity: SealedIdentity | null
  prekeys: SealedPrekey[]
  signedPrekeys: SealedSignedPrekey[]
  sessions: SessionWrite[]
}

/**
 * Opens the safe in a thread. `wrapping`: an AES-GCM key that cannot be extracted, for wrapping and unwrapping
 * only.
 */
export interface SafeAccess {
  wrapped: Bytes
  wrapping: CryptoKey
  /** The safe must open it. */
  identity: SealedIdentity | null
}

/** The safe of the engine's thread. Until one is open, the engine can neither seal nor open secrets. */
export interface SafeControl {
  /** Creates a safe, opens it, and seals `raw` in it. */
  createSafe(
    wrapping: CryptoKey,
    raw: RawSecrets,
  ): Promise<{ wrapped: Bytes; secrets: SealedSecrets }>
  /** @throws CryptoError `damaged` */
  openSafe(access: SafeAccess): Promise<void>
  /** Wraps the safe's key anew. @throws CryptoError `damaged` */
  rewrapSafe(wrapped: Bytes, from: CryptoKey, to: CryptoKey): Promise<Bytes>
}
