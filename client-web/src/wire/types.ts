import type { Bytes } from '@/crypto/bytes'
import type { EnvelopeKind, PublicKey } from '@/crypto/protocol/protocol'

/** Tokens of a login session; times by the server's clock. */
export interface SessionTokens {
  user_id: string
  device_id: number
  session_id: string
  access_token: string
  access_expires_at: number
  refresh_token: string
  refresh_expires_at: number
}

export interface OutgoingEnvelope {
  device_id: number
  registration_id: number
  kind: EnvelopeKind
  body: Bytes
}

export interface IncomingEnvelope {
  seq: number
  id: string
  from: { user_id: string; device_id: number }
  kind: EnvelopeKind
  body: Bytes
  at: number
}

export interface ContactAnswer {
  userId: string
  username: string
  identityKey: PublicKey
}

/** A public key with its owner's signature. */
export interface SignedKey {
  id: number
  key: Bytes
  signature: Bytes
}

export interface BundleDevice {
  deviceId: number
  registrationId: number
  signedPrekey: SignedKey
  prekey: { id: number; key: PublicKey } | null
  /** Null for a device that published none. */
  kemPrekey: SignedKey | null
}

export interface BundleAnswer extends ContactAnswer {
  devices: BundleDevice[]
}

export interface OwnKeys {
  device_id: number
  registration_id: number
  fingerprint: string
  signed_prekey_id: number
  available: number
  /** `lastResort`: its id, null where none is published. Null from a relay that knows no KEM prekeys. */
  kem: { lastResort: number | null; available: number } | null
  devices: { device_id: number; registration_id: number; current: boolean }[]
}

export interface SessionEntry {
  session_id: string
  device_id: number
  created_at: number
  last_used_at: number
  current: boolean
}

export interface KeysUpload {
  registrationId: number
  identityKey: PublicKey
  signedPrekey: SignedKey
  prekeys: { id: number; key: PublicKey }[]
  /** The last resort, and those that are handed out once each. */
  kemPrekey: SignedKey
  kemPrekeys: SignedKey[]
  replace: boolean
}

export interface SendPayload {
  id: string
  to: string
  envelopes: OutgoingEnvelope[]
  /** Asks for the relay's signature per accepted device. */
  receipt?: true
}

export interface SendAnswer {
  /** `receipt` as it came, unchecked: missing where none was asked for, and from an older relay. */
  accepted: { device_id: number; seq: number; receipt?: Bytes }[]
  at: number
}

/** A key that signs receipts. */
export interface ReceiptKey {
  /** 16 hex digits. */
  kid: string
  key: Bytes
  from: number
}

export type SocketEnd =
  | 'replaced'
  | 'revoked'
  | 'token_expired'
  | 'rate_limited'
  | 'account_deleted'
  | 'shutdown'
