import { deleteDB } from 'idb'
import { browserName } from './browser-name'
import { Kept } from './kept'
import type { DeviceKeys, Passkeys, Platform } from './platform'

const NAME = 'device'

/** An AES-GCM key in IndexedDB that no script can export. */
export function webDeviceKeys(database = 'sealstream-keys'): DeviceKeys {
  const kept = new Kept(database, 'keys')
  return {
    async load() {
      return ((await kept.read(NAME)) as CryptoKey | undefined) ?? null
    },
    async create() {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
        'encrypt',
        'decrypt',
      ])
      await kept.write(NAME, key)
      return key
    },
    erase: () => deleteDB(database),
  }
}

/** Fetched at the first call. */
const passkeys: Passkeys = {
  supported: async () => (await late()).supported(),
  create: async (name, salt) => (await late()).create(name, salt),
  secret: async (id, salt) => (await late()).secret(id, salt),
}
const late = async (): Promise<Passkeys> => (await import('./passkeys')).webPasskeys

export function webPlatform(): Platform {
  const name = browserName(navigator.userAgent)
  return {
    name: 'web',
    ...(name !== null && { deviceName: name }),
    relay: { url: () => location.origin },
    deviceKeys: webDeviceKeys(),
    passkeys,
    async persist() {
      if (!navigator.storage?.persist) return null
      return (await navigator.storage.persisted()) || navigator.storage.persist()
    },
    async saveFile(name, file) {
      const link = document.createElement('a')
      link.href = URL.createObjectURL(file)
      link.download = name
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
    },
  }
}
