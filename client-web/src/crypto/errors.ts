export type CryptoErrorCode =
  /** The identity in a message or bundle is not the pinned one; nothing was decrypted or stored. */
  | 'identity_mismatch'
  /** A prekey's signature is not by its identity key. */
  | 'bad_signature'
  /** Wrong length or type byte, or a low-order point. */
  | 'bad_key'
  /** Malformed, forged, or from a session this device no longer has. */
  | 'bad_message'
  /** This very message was decrypted before. */
  | 'duplicate'
  /** No session: the other side has to start one, or we do. */
  | 'no_session'
  /** The message names a prekey this device does not hold (any more). */
  | 'missing_prekey'
  /** A last-resort prekey was used with this base key before: a replayed first message. */
  | 'reused_base_key'
  /** Nobody answered in the session for thirty days: it has to be begun anew. */
  | 'stale_session'
  /** A device that speaks version 4 came without KEM prekey, or began a session of version 3. */
  | 'downgrade'
  /** The counter asks for more key derivations than we are willing to do. */
  | 'too_far'
  /** A sealed secret, or the safe's key, does not open: changed, in another's place, or of another safe. */
  | 'damaged'
  /** A file that does not open, or is not the one that was named. */
  | 'bad_file'
  | 'backup_damaged'
  | 'backup_too_new'
  | 'backup_too_weak'
  | 'backup_wrong_password'
  /** The engine's script, or a part of it, does not start: as a rule it could not be fetched, for want of a connection. */
  | 'not_loaded'
  | 'internal'

/** The only error the engine throws. */
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

/** A part of the engine could not be fetched now: what was asked of it can be asked again. */
export const isNotLoaded = (error: unknown): boolean =>
  error instanceof CryptoError && error.code === 'not_loaded'

/** A fault of this device: it says nothing about what was asked for. */
export const isOwnFault = (error: CryptoError): boolean =>
  ['internal', 'not_loaded', 'damaged'].includes(error.code)
