import { registerSW } from 'virtual:pwa-register'

/** The service worker: makes the app open offline; a new version waits until it is told to go. */
export function watchUpdates(ready: () => void): { apply(): Promise<void> } {
  const update = registerSW({ onNeedRefresh: ready })
  return {
    async apply() {
      const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
      const registration = await serviceWorker?.getRegistration()
      // Nothing waits where the server alone has the new version: a reload fetches it.
      if (registration?.waiting) await update(true)
      else location.reload()
    },
  }
}
