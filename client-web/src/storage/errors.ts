export type StorageErrorCode =
  /** A record does not open: wrong key, moved to another place, or changed. */
  | 'damaged'
  /** Another tab leads now; what was to be written is not. */
  | 'fenced'
  | 'wrong_passphrase'
  | 'locked'
  /** The device has no space left. */
  | 'full'
  | 'failed'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  constructor(
    readonly code: StorageErrorCode,
    message: string = code,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
