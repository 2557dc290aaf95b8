import type { Bytes } from './bytes'

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
  address: RemoteAddress
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

export interface RemoteAddress {
  userId: string
  deviceId: number
}

/** Everything one version of the protocol remembers about one remote device; opaque, to be stored as it is. */
export type Session = Bytes

export type EnvelopeKind = 'prekey' | 'message'

export interface StartRequest {
  local: Local
  remote: RemoteAddress
  /** The session so far: kept inside the new one, so that late messages still decrypt. */
  session: Session | null
  bundle: Bundle
  /** The key this person is known by. Another one in the bundle is refused. */
  pinned: PublicKey
  /** Milliseconds */
  now: number
}

export interface EncryptRequest {
  local: Local
  remote: RemoteAddress
  session: Session
  plaintext: Bytes
  pinned: PublicKey
  now: number
}

export interface Encrypted {
  session: Session
  kind: EnvelopeKind
  body: Bytes
  /** Of the remote device, as the session knows it. */
  registrationId: number
}

export interface DecryptRequest {
  local: Local
  remote: RemoteAddress
  session: Session | null
  kind: EnvelopeKind
  body: Bytes
  /**
   * Null at the very first message from this person, and when their record was damaged: the open
   * session is believed then, for it was begun with the key that was pinned.
   */
  pinned: PublicKey | null
  /** The prekey that `inspect` names; null when this device no longer has it. */
  prekey: Prekey | null
  signedPrekey: Prekey | null
  kemPrekey: KemPrekey | null
  /** The base key was used before with these very prekeys, and the KEM prekey is the last resort. */
  baseKeyUsed: boolean
}

export interface Decrypted {
  session: Session
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
export interface Party {
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
export interface CryptoEngine {
  startSession(request: StartRequest): Promise<Session>
  encrypt(request: EncryptRequest): Promise<Encrypted>
  inspect(body: Bytes): Promise<PrekeyMessageInfo>
  decrypt(request: DecryptRequest): Promise<Decrypted>
  describe(session: Session): Promise<SessionInfo>
}
