import {
  BiometricAuth,
  BiometryError,
  BiometryErrorType,
} from '@aparajita/capacitor-biometric-auth'
import { i18n } from '@/i18n'
import { PasskeyError } from '@/platform/platform'
import type { Passkeys } from '@/platform/platform'
import { keychain } from './keychain'

/** One is enough: a device has one lock. */
const NAME = 'passkey'
const ID_LENGTH = 16

/** The phone has no fingerprint, face or PIN that could be asked for. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  BiometryErrorType.biometryNotAvailable,
  BiometryErrorType.biometryNotEnrolled,
  BiometryErrorType.noDeviceCredential,
  BiometryErrorType.passcodeNotSet,
])

/**
 * Fingerprint, face or the phone's own PIN in place of a browser's passkey: the secret lies in the keychain and is
 * read after the phone has recognised its owner. The keychain itself does not ask: whoever controls the app's
 * process does not need the owner, which is why a passphrase stands beside it.
 */
export const phonePasskeys: Passkeys = {
  async supported() {
    const { isAvailable, deviceIsSecure } = await BiometricAuth.checkBiometry()
    return isAvailable || deviceIsSecure
  },
  async create(_name, salt) {
    await recognised()
    const stored = crypto.getRandomValues(new Uint8Array(ID_LENGTH + 32))
    await keychain.write(NAME, stored)
    return { id: stored.slice(0, ID_LENGTH), secret: await forSalt(stored, salt) }
  },
  async secret(id, salt) {
    await recognised()
    const stored = await keychain.read(NAME)
    if (!stored || id.some((byte, i) => byte !== stored[i])) throw new PasskeyError('unsupported')
    return forSalt(stored, salt)
  },
}

async function recognised(): Promise<void> {
  const { t } = i18n.global
  try {
    await BiometricAuth.authenticate({
      allowDeviceCredential: true,
      androidTitle: t('common.appName'),
      reason: t('phone.recognise'),
      cancelTitle: t('common.cancel'),
    })
  } catch (cause) {
    const code = cause instanceof BiometryError ? cause.code : ''
    throw new PasskeyError(UNSUPPORTED.has(code) ? 'unsupported' : 'cancelled', { cause })
  }
}

async function forSalt(stored: Uint8Array<ArrayBuffer>, salt: Uint8Array<ArrayBuffer>) {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', stored.slice(ID_LENGTH), algorithm, false, [
    'sign',
  ])
  stored.fill(0)
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, salt))
}
