import type { Bytes } from '@/crypto/bytes'

/** 33 bytes: 0x05, then the X25519 public key. */
export type PublicKey = Bytes

export interface KeyPair {
  publicKey: PublicKey
  /** 32 bytes */
  privateKey: Bytes
}

export interface LocalIdentity {
  keyPair: KeyPair
  /** 1 … 16380 */
  registrationId: number
}

/** The own device in an exchange of messages. */
export interface Local extends LocalIdentity {
  address: DeviceAddress
}

export interface Prekey {
  id: number
  keyPair: KeyPair
}

export interface SignedPrekey extends Prekey {
  /** 64 bytes, XEdDSA by the identity key over the 33 bytes of the public key */
  signature: Bytes
}

/** A prekey of the KEM of version 4. */
export interface KemPrekey {
  id: number
  /** 64 bytes. The pair is derived from it at each use. */
  seed: Bytes
  /** 1,569 bytes: 0x08, then the key */
  publicKey: Bytes
  /** 64 bytes, XEdDSA by the identity key over the whole public key */
  signature: Bytes
}

export interface Bundle {
  registrationId: number
  identityKey: PublicKey
  signedPrekey: { id: number; key: PublicKey; signature: Bytes }
  prekey: { id: number; key: PublicKey } | null
  /** Null for a device that speaks version 3 only. */
  kemPrekey: { id: number; key: Bytes; signature: Bytes } | null
}

export interface DeviceAddress {
  userId: string
  deviceId: number
}

export type EnvelopeKind = 'prekey' | 'message'

/** `S`: all state of one version about one remote device. */
export interface SessionStart<S> {
  local: Local
  remote: DeviceAddress
  /** The present session. The new one contains it, so that late messages still decrypt. */
  session: S | null
  bundle: Bundle
  /** The pinned identity of this person. A bundle with another identity is refused. */
  pinned: PublicKey
  /** Milliseconds */
  now: number
}

export interface Encryption<S> {
  local: Local
  remote: DeviceAddress
  session: S
  plaintext: Bytes
  pinned: PublicKey
  now: number
}

export interface EncryptedIn<S> {
  session: S
  kind: EnvelopeKind
  body: Bytes
}

export interface Decryption<S> {
  local: Local
  remote: DeviceAddress
  session: S | null
  kind: EnvelopeKind
  body: Bytes
  /**
   * Null for the first message from this person, and if their record was damaged. The identity of the open session
   * counts then, because it was pinned when the session began.
   */
  pinned: PublicKey | null
  /** The prekey that `inspect` names; null if this device no longer has it. */
  prekey: Prekey | null
  signedPrekey: Prekey | null
  kemPrekey: KemPrekey | null
  /** The base key was used before with these prekeys, and the KEM prekey is the last resort. */
  baseKeyUsed: boolean
}

export interface DecryptedIn<S> {
  session: S
  plaintext: Bytes
  /** The identity that the session is bound to. The caller pins it at first use. */
  identityKey: PublicKey
  /** Prekeys used by a new session; null if no session began. */
  used: UsedPrekeys | null
}

/**
 * Prekeys that began a session. One-time prekeys are erased in the transaction that stores the session. The base
 * key of a last-resort KEM prekey is stored as long as that prekey.
 */
export interface UsedPrekeys {
  prekeyId: number | null
  signedPrekeyId: number
  /** Null in version 3. */
  kemPrekeyId: number | null
  /** Identifies the session. */
  baseKey: PublicKey
}

/** One side of a safety number. */
export interface SafetyNumberSide {
  userId: string
  identityKey: PublicKey
}

export interface SessionInfo {
  /** Whether messages can be encrypted. */
  open: boolean
  /** Whether the other side has answered in it. */
  answered: boolean
  registrationId: number
  /** The identity of the other side; null if no session is open. */
  identityKey: PublicKey | null
}

export interface PrekeyMessageInfo extends UsedPrekeys {
  identityKey: PublicKey
  registrationId: number
}

/**
 * One version of the Signal Protocol as pure functions from state to state. A call that throws (always a
 * `CryptoError`) has changed nothing. The caller stores the returned session before it uses the result, and never
 * runs two calls for one remote device at once.
 */
export interface ProtocolVersion<S> {
  startSession(request: SessionStart<S>): Promise<S>
  encrypt(request: Encryption<S>): Promise<EncryptedIn<S>>
  /** The prekeys that a prekey message needs. Nothing in it is authenticated yet. */
  inspect(body: Bytes): PrekeyMessageInfo
  decrypt(request: Decryption<S>): Promise<DecryptedIn<S>>
  describe(session: S): SessionInfo
}
