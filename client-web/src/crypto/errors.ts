export type CryptoErrorCode =
  /** The identity in a message or bundle is not the pinned one. Nothing was decrypted or stored. */
  | 'identity_mismatch'
  /** A prekey's signature is not by its identity key. */
  | 'bad_signature'
  /** Wrong length or type byte, or a low-order point. */
  | 'bad_key'
  /** Malformed, forged, or of a session that this device no longer has. */
  | 'bad_message'
  /** The message was decrypted before. */
  | 'duplicate'
  /** No session. One side has to start one. */
  | 'no_session'
  /** The message names a prekey that this device does not hold (any more). */
  | 'missing_prekey'
  /** A last-resort prekey was used with this base key before: a replayed first message. */
  | 'reused_base_key'
  /** Nobody answered in the session for thirty days. A new one is required. */
  | 'stale_session'
  /** A device that speaks version 4 came without KEM prekey, or began a session of version 3. */
  | 'downgrade'
  /** The counter is too far ahead: the receiver would derive too many keys. */
  | 'too_far'
  /** A sealed secret, or the safe's key, does not open: it was changed, moved, or sealed by another safe. */
  | 'damaged'
  | 'backup_damaged'
  | 'backup_too_new'
  | 'backup_too_weak'
  | 'backup_wrong_password'
  /** A body of a link does not open, is out of place, or comes where there is no link. */
  | 'bad_link'
  /** A sealed file is another one, truncated or changed. */
  | 'bad_file'
  /** The engine's script, or a part of it, does not start. As a rule it could not be fetched. */
  | 'not_loaded'
  | 'internal'

/** The only error that the engine throws. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError'
  constructor(
    readonly code: CryptoErrorCode,
    message: string = code,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A part of the engine could not be fetched. The call can be repeated. */
export const isNotLoaded = (error: unknown): boolean =>
  error instanceof CryptoError && error.code === 'not_loaded'

/** A fault of this device, which says nothing about the input. */
export const isOwnFault = (error: CryptoError): boolean =>
  ['internal', 'not_loaded', 'damaged'].includes(error.code)
