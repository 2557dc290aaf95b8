/** Every failure below becomes the one typed error the views know. */
import { CryptoError, isNotLoaded } from '@/crypto/errors'
import type { CryptoErrorCode } from '@/crypto/errors'
import { PartMissing, reportMissingPart } from '@/platform/late-parts'
import { PasskeyError } from '@/platform/platform'
import { StorageError } from '@/storage/errors'
import { RelayError } from '@/wire/errors'
import { MessengerError } from '@/messenger/contract'
import type { AppState, ErrorCode } from '@/messenger/contract'

const fromRelay: Partial<Record<RelayError['code'], ErrorCode>> = {
  invalid: 'invalid',
  username_taken: 'username_taken',
  bad_credentials: 'bad_credentials',
  unauthorized: 'signed_out',
  token_expired: 'signed_out',
  token_reused: 'signed_out',
  device_inactive: 'signed_out',
  rate_limited: 'rate_limited',
  not_found: 'not_found',
  identity_changed: 'identity_changed',
  unavailable: 'unavailable',
  too_large: 'file_too_large',
  storage_full: 'files_full',
  internal: 'unavailable',
  no_answer: 'offline',
  bad_answer: 'bad_answer',
}

const fromStorage: Record<StorageError['code'], ErrorCode> = {
  damaged: 'storage_failed',
  fenced: 'not_leading',
  wrong_passphrase: 'wrong_passphrase',
  wrong_passkey: 'wrong_passkey',
  locked: 'locked',
  full: 'storage_full',
  failed: 'storage_failed',
}

const fromCrypto: Partial<Record<CryptoErrorCode, ErrorCode>> = {
  identity_mismatch: 'identity_changed',
  damaged: 'storage_failed',
  not_loaded: 'offline',
  bad_file: 'file_broken',
  backup_damaged: 'backup_damaged',
  backup_too_new: 'backup_too_new',
  backup_too_weak: 'backup_too_weak',
  backup_wrong_password: 'backup_wrong_password',
}

export function toMessengerError(error: unknown, now: number): MessengerError {
  if (error instanceof MessengerError) return error
  const options = { cause: error }
  if (error instanceof RelayError) {
    const field = error.details['path']
    const details = {
      ...(error.retryAfter !== null && { retryAt: now + error.retryAfter }),
      ...(typeof field === 'string' && { field }),
    }
    return new MessengerError(fromRelay[error.code] ?? 'internal', error.message, details, options)
  }
  if (error instanceof StorageError) {
    return new MessengerError(fromStorage[error.code], error.message, {}, options)
  }
  if (error instanceof PasskeyError) {
    const code = error.code === 'cancelled' ? 'cancelled' : 'passkey_unsupported'
    return new MessengerError(code, error.message, {}, options)
  }
  if (error instanceof CryptoError) {
    return new MessengerError(fromCrypto[error.code] ?? 'internal', error.message, {}, options)
  }
  if (error instanceof PartMissing) return new MessengerError('offline', error.message, {}, options)
  return new MessengerError('internal', String(error), {}, options)
}

const TYPES = [MessengerError, RelayError, StorageError, PasskeyError, CryptoError, PartMissing]

/** True for an error of none of the known types. */
export const isBug = (error: unknown): boolean => !TYPES.some((type) => error instanceof type)

/** The engine's script did not come: offers another version if that is why; a fault of the engine, or a bug, goes to the console. */
export function reportUnopened(error: unknown): void {
  if (isNotLoaded(error)) reportMissingPart()
  else if (isBug(error) || error instanceof CryptoError) reportError(error)
}

/** Why what is on this device did not open. */
export function troubleOf(error: unknown): AppState['trouble'] {
  if (isNotLoaded(error) || error instanceof PartMissing) return 'offline'
  const code = error instanceof StorageError ? error.code : 'failed'
  return code === 'full' || code === 'damaged' ? code : 'failed'
}
