import type { DeviceKeys } from '@/platform/platform'
import { keychain } from './keychain'

const NAME = 'device-key'

/** 32 random bytes in the keychain. Page code gets a key that cannot be exported. */
export const keychainDeviceKeys: DeviceKeys = {
  async load() {
    const stored = await keychain.read(NAME)
    return stored && imported(stored)
  },
  async create() {
    const bytes = crypto.getRandomValues(new Uint8Array(32))
    await keychain.write(NAME, bytes)
    return imported(bytes)
  },
  erase: () => keychain.clear(),
}

async function imported(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
  bytes.fill(0)
  return key
}
