import { contactCode, contactQr, fingerprint, identityText } from '@/crypto/contact/contact-code'
import type { Account } from '@/messenger/contract'
import type { AccountRecord } from './records'

/** One's own account as the views know it; null until it has an identity. */
export function shownAccount(account: AccountRecord): Account | null {
  const key = account.identity?.publicKey
  if (!key) return null
  return {
    userId: account.userId,
    username: account.username,
    deviceId: account.deviceId,
    sessionId: account.sessionId,
    identity: identityText(key),
    fingerprint: fingerprint(key),
    code: contactCode(account.username, key),
    qr: contactQr(account.username, key),
    prekeysAvailable: account.prekeysAvailable,
    signedPrekeyAt: account.signedPrekey?.createdAt ?? 0,
    lastBackupAt: account.lastBackupAt,
  }
}
