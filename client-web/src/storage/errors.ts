export type StorageErrorCode =
  /** A record does not open: wrong key, moved to another place, or changed. */
  | 'damaged'
  /** Another tab leads now; what was to be written is not. */
  | 'fenced'
  | 'wrong_passphrase'
  | 'wrong_passkey'
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

/** What the browser's database failed with, as an error of ours. */
export function storageError(cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const full = cause instanceof DOMException && cause.name === 'QuotaExceededError'
  return new StorageError(full ? 'full' : 'failed', 'the database failed', { cause })
}

/** A closed database (another tab leads, the page ends) is a `StorageError` as well. */
export async function ask<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw storageError(cause)
  }
}

/** The store takes nothing now (full, fenced, locked): it will, or another tab does. A damaged record stays damaged. */
export const storeWaits = (error: unknown): boolean =>
  error instanceof StorageError && error.code !== 'damaged'
