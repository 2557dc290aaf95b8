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

/** One's own device in an exchange of messages. */
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

/** Of version 4's KEM. */
export interface KemPrekey {
  id: number
  /** 64 bytes: the pair is made anew from it when it is used. */
  seed: Bytes
  /** 1,569 bytes: 0x08, then the key */
  publicKey: Bytes
  /** 64 bytes, XEdDSA by the identity key over all of the public key */
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

/** `S`: everything that one version remembers about one remote device. It is stored as it is. */
export interface SessionStart<S> {
  local: Local
  remote: DeviceAddress
  /** The session so far. The new one keeps it inside, so that late messages still decrypt. */
  session: S | null
  bundle: Bundle
  /** The key this person is known by. A bundle with another one is refused. */
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
   * Null at the very first message from this person, and when their record was damaged. The open
   * session is believed then: it began with the key that was pinned.
   */
  pinned: PublicKey | null
  /** The prekey that `inspect` names; null when this device no longer has it. */
  prekey: Prekey | null
  signedPrekey: Prekey | null
  kemPrekey: KemPrekey | null
  /** The base key was used before with these very prekeys, and the KEM prekey is the last resort. */
  baseKeyUsed: boolean
}

export interface DecryptedIn<S> {
  session: S
  plaintext: Bytes
  /** The identity the session is bound to; the caller pins it at first use. */
  identityKey: PublicKey
  /** The prekeys that a new session used; null where no session began. */
  used: UsedPrekeys | null
}

/**
 * One-time prekeys are erased together with storing the session. Of a last-resort KEM prekey the base key is
 * remembered, for as long as that prekey is kept.
 */
export interface UsedPrekeys {
  prekeyId: number | null
  signedPrekeyId: number
  /** Null in version 3. */
  kemPrekeyId: number | null
  /** Names the session. */
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
  /** Whether the other side has answered in it yet. */
  answered: boolean
  registrationId: number
  /** Whom the open session is with; null when none is open. */
  identityKey: PublicKey | null
}

export interface PrekeyMessageInfo extends UsedPrekeys {
  identityKey: PublicKey
  registrationId: number
}

/**
 * One version of the Signal Protocol as pure functions: state goes in, new state comes out, nothing is kept.
 * A call that throws (always a `CryptoError`) has changed nothing. The caller stores the returned
 * session before it uses the result, and never runs two calls for one remote device at once.
 */
export interface ProtocolVersion<S> {
  startSession(request: SessionStart<S>): Promise<S>
  encrypt(request: Encryption<S>): Promise<EncryptedIn<S>>
  /** What a prekey message needs to be decrypted. Nothing in it is authenticated yet. */
  inspect(body: Bytes): PrekeyMessageInfo
  decrypt(request: Decryption<S>): Promise<DecryptedIn<S>>
  describe(session: S): SessionInfo
}
