/** Maps a line of the security log to the view's type. */
import type { SecurityEvent } from '@/messenger/contract'
import type { SecurityEventRecord } from './records'

/** The compiler checks that none is missing. */
const known: Record<SecurityEvent['type'], true> = {
  identity_changed: true,
  identity_accepted: true,
  identity_refused: true,
  verified: true,
  device_refused: true,
  sender_refused: true,
  replay_refused: true,
  undecryptable: true,
  session_renewed: true,
  downgrade_refused: true,
  stale_prekey: true,
  identity_created: true,
  identity_restored: true,
  signed_prekey_rotated: true,
  own_device_added: true,
  own_device_removed: true,
  login: true,
  messages_expired: true,
  records_damaged: true,
  relay_log_changed: true,
  receipt_refused: true,
  answer_refused: true,
  history_refused: true,
}

const isKnown = (type: string): type is SecurityEvent['type'] => Object.hasOwn(known, type)

/** Null for one of a type that only a newer build knows; it stays in the log for that build. */
export function shownSecurityEvent(record: SecurityEventRecord): SecurityEvent | null {
  const { id, at, type, userId, username, device, fingerprint, count } = record
  return isKnown(type) ? { id, at, type, userId, username, device, fingerprint, count } : null
}
