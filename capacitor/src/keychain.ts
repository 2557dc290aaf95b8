import { KeychainAccess, SecureStorage } from '@aparajita/capacitor-secure-storage'

/**
 * Bytes in Android's KeyStore or the iOS Keychain: there only while the phone is unlocked, on this device only, never
 * synchronised.
 */
export const keychain = {
  async read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const stored = await SecureStorage.get(name, false, false)
    if (stored === null) return null
    if (typeof stored !== 'string') throw new Error(`what is stored as ${name} is no text`)
    return Uint8Array.from(atob(stored), (char) => char.charCodeAt(0))
  },
  async write(name: string, bytes: Uint8Array): Promise<void> {
    const text = btoa(String.fromCharCode(...bytes))
    await SecureStorage.set(name, text, false, false, KeychainAccess.whenUnlockedThisDeviceOnly)
  },
  /** Removes everything that the app keeps there. */
  clear: () => SecureStorage.clear(false),
}
