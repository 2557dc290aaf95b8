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

export interface Prekey {
  id: number
  keyPair: KeyPair
}

export interface SignedPrekey extends Prekey {
  /** 64 bytes, XEdDSA by the identity key over the 33 bytes of the public key */
  signature: Bytes
}

export interface Bundle {
  registrationId: number
  identityKey: PublicKey
  signedPrekey: { id: number; key: PublicKey; signature: Bytes }
  prekey: { id: number; key: PublicKey } | null
}

export interface RemoteAddress {
  userId: string
  deviceId: number
}

/** Everything the engine remembers about one remote device; opaque, to be stored as it is. */
export type Session = string

export type EnvelopeKind = 'prekey' | 'message'

export interface StartRequest {
  local: LocalIdentity
  remote: RemoteAddress
  /** The session so far: kept inside the new one, so that late messages still decrypt. */
  session: Session | null
  bundle: Bundle
  /** The key this person is known by. Another one in the bundle is refused. */
  pinned: PublicKey
}

export interface EncryptRequest {
  local: LocalIdentity
  remote: RemoteAddress
  session: Session
  plaintext: Bytes
  pinned: PublicKey
}

export interface Encrypted {
  session: Session
  kind: EnvelopeKind
  body: Bytes
  /** Of the remote device, as the session knows it. */
  registrationId: number
}

export interface DecryptRequest {
  local: LocalIdentity
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
}

export interface Decrypted {
  session: Session
  plaintext: Bytes
  /** The identity the session is bound to; the caller pins it at first use. */
  identityKey: PublicKey
  /** To be erased together with storing the session. */
  usedPrekeyId: number | null
  startedSession: boolean
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

export interface PrekeyMessageInfo {
  identityKey: PublicKey
  registrationId: number
  prekeyId: number | null
  signedPrekeyId: number
  /** Names the session that the message begins. */
  baseKey: PublicKey
}

/**
 * The Signal Protocol as pure functions: state goes in, new state comes out, nothing is kept.
 * A call that throws (always a `CryptoError`) has changed nothing. The caller stores the returned
 * session before it uses the result, and never runs two calls for one remote device at once.
 */
export interface CryptoEngine {
  createIdentity(): Promise<LocalIdentity>
  /** Ids `firstId` … `firstId + count - 1`; `firstId` ≥ 1. */
  createPrekeys(firstId: number, count: number): Promise<Prekey[]>
  createSignedPrekey(identity: KeyPair, id: number): Promise<SignedPrekey>
  startSession(request: StartRequest): Promise<Session>
  encrypt(request: EncryptRequest): Promise<Encrypted>
  inspect(body: Bytes): Promise<PrekeyMessageInfo>
  decrypt(request: DecryptRequest): Promise<Decrypted>
  describe(session: Session): Promise<SessionInfo>
  /** Sixty digits, the same for both sides. Half a second of work: never on the page's thread. */
  safetyNumber(one: Party, other: Party): Promise<string>
  /** Whether `signature` is the Ed25519 key's of `message`. */
  isSigned(key: Bytes, message: Bytes, signature: Bytes): Promise<boolean>
}
