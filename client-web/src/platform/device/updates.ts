import { registerSW } from 'virtual:pwa-register'
import type { Updates } from '@/platform/platform'

/**
 * A browser may leave the waiting worker where it is when the old one is asked for something in the same
 * moment, as while a page loads. So it is asked again.
 */
const ASK_AGAIN = 1_000

/** The service worker: makes the app open offline; a new version waits until it is told to go. */
export function watchUpdates(ready: () => void): Updates {
  const update = registerSW({ onNeedRefresh: ready })
  return {
    async apply() {
      const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
      const registration = await serviceWorker?.getRegistration()
      // Nothing waits where the server alone has the new version: a reload fetches it.
      if (!registration?.waiting) return location.reload()
      // The page is reloaded once the new worker has it.
      while (registration.waiting) {
        await update(true)
        await new Promise((done) => setTimeout(done, ASK_AGAIN))
      }
    },
  }
}
