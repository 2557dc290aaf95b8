/** Everything a command can fail with. The views translate codes; `message` is for developers. */
export type ErrorCode =
  // what the person typed
  | 'invalid'
  | 'username_taken'
  | 'bad_credentials'
  | 'bad_code'
  | 'own_code'
  | 'already_contact'
  | 'too_long'
  /** The time in which it can be changed is over. */
  | 'too_late'
  /** The text holds control characters or halves of characters. */
  | 'unsendable_text'
  /** No address of a server. */
  | 'bad_address'
  | 'wrong_passphrase'
  | 'weak_passphrase'
  /** Another passkey than the one that was added. */
  | 'wrong_passkey'
  /** Neither this browser nor the chosen device can keep the key of a lock. */
  | 'passkey_unsupported'
  // the other side
  | 'not_found'
  /** The message, or a file of it. */
  | 'gone'
  | 'identity_changed'
  | 'key_mismatch'
  /** Another key is in question by now than the one that was shown. */
  | 'key_outdated'
  /** The server answered with another name than was asked for. */
  | 'name_mismatch'
  /** The key is that of somebody else whom this device knows. */
  | 'key_known'
  /** A request under another key waits from this person; it must be decided about first. */
  | 'request_in_the_way'
  /** Who asked to write has another key since. */
  | 'request_outdated'
  | 'blocked'
  // the relay and the way there
  | 'offline'
  | 'unavailable'
  | 'rate_limited'
  | 'bad_answer'
  /** Nothing at this address answers as a relay does, or its certificate does not fit its name. */
  | 'not_a_relay'
  // this device
  | 'signed_out'
  | 'locked'
  | 'not_leading'
  | 'storage_failed'
  | 'storage_full'
  | 'cancelled'
  // files
  | 'file_too_large'
  /** One's own files that wait at the relay have no more room. */
  | 'files_full'
  /** What the relay gave is not the file that was sent. */
  | 'file_broken'
  // backups
  | 'backup_wrong_password'
  | 'backup_damaged'
  | 'backup_too_weak'
  | 'backup_too_new'
  | 'backup_other_account'
  // linking a device
  | 'bad_link_code'
  /** The other device is at another server. */
  | 'link_elsewhere'
  | 'link_expired'
  /** Somebody else answered, or what came was changed on its way. */
  | 'link_broken'
  | 'wrong_digits'
  | 'internal'

export interface ErrorDetails {
  /** When trying again may help, ms since the epoch. */
  retryAt?: number
  /** Path of the field that was refused. */
  field?: string
  /** Fingerprint of the other key (`identity_changed`, `key_mismatch`, `key_outdated`, `request_outdated`). */
  fingerprint?: string
}

/** The only error a command throws. */
export class MessengerError extends Error {
  override readonly name = 'MessengerError'
  constructor(
    readonly code: ErrorCode,
    message: string = code,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
