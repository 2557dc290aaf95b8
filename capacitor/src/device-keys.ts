import { KeychainAccess, SecureStorage } from '@aparajita/capacitor-secure-storage'
import type { DeviceKeys } from '@/platform/platform'

const NAME = 'device-key'

/**
 * 32 random bytes in Android's KeyStore or the iOS Keychain: there only while the phone is unlocked, on this device
 * only, never synchronised. Page code gets a key that cannot be exported.
 */
export const keychainDeviceKeys: DeviceKeys = {
  async load() {
    const stored = await SecureStorage.get(NAME, false, false)
    if (stored === null) return null
    if (typeof stored !== 'string') throw new Error('the stored device key is no text')
    return imported(Uint8Array.from(atob(stored), (char) => char.charCodeAt(0)))
  },
  async create() {
    const bytes = crypto.getRandomValues(new Uint8Array(32))
    const text = btoa(String.fromCharCode(...bytes))
    await SecureStorage.set(NAME, text, false, false, KeychainAccess.whenUnlockedThisDeviceOnly)
    return imported(bytes)
  },
  async erase() {
    await SecureStorage.remove(NAME, false)
  },
}

async function imported(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
  bytes.fill(0)
  return key
}
