import { Capacitor } from '@capacitor/core'
import { Kept } from '@/platform/kept'
import type { Platform, RelayAddress } from '@/platform/platform'
import { relayUrl } from '@/wire/relay-address'
import { keychainDeviceKeys } from './device-keys'
import { phonePasskeys } from './passkeys'
import { removeShared, saveFile } from './save-file'

const NAMES = { android: 'Android', ios: 'iPhone' } as const

/** @throws Error outside a shell: nothing of this build is for a browser. */
export async function openPlatform(): Promise<Platform> {
  const name = Capacitor.getPlatform()
  if (name !== 'android' && name !== 'ios') throw new Error('this build is for the phone apps only')
  await removeShared().catch(() => undefined)
  return {
    name,
    deviceName: NAMES[name],
    relay: await chosenRelay(),
    deviceKeys: keychainDeviceKeys,
    passkeys: phonePasskeys,
    // An app's data goes only with the app.
    persist: () => Promise.resolve(null),
    saveFile,
  }
}

/** The one that was chosen, else the one that the build names (`VITE_RELAY=https://chat.example.org make native`). */
async function chosenRelay(): Promise<RelayAddress> {
  const kept = new Kept('sealstream-shell', 'kept')
  const stored = await kept.read('relay')
  const given: unknown = import.meta.env['VITE_RELAY']
  let url = typeof stored === 'string' ? stored : relayUrl(String(given ?? ''))
  return {
    url: () => url,
    async choose(chosen) {
      await kept.write('relay', chosen)
      url = chosen
    },
  }
}
