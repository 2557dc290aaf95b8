import { registerSW } from 'virtual:pwa-register'

/** The service worker: makes the app open offline; a new version waits until it is told to go. */
export function watchUpdates(ready: () => void): { apply(): Promise<void> } {
  const update = registerSW({ onNeedRefresh: ready })
  return { apply: () => update(true) }
}
