import { registerSW } from 'virtual:pwa-register'
import type { Updates } from '@/platform/platform'

/**
 * A browser may keep the waiting worker waiting while the old one has work, as while a page loads. So the request
 * is repeated.
 */
const ASK_AGAIN = 1_000
const TIMES = 3

/** The service worker opens the app offline. A new version waits until `apply`. */
export function watchUpdates(ready: () => void): Updates {
  const update = registerSW({ onNeedRefresh: ready })
  return {
    async apply() {
      const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
      const registration = await serviceWorker?.getRegistration()
      // The page reloads once the new worker controls it.
      for (let asked = 0; asked < TIMES; asked += 1) {
        if (!registration?.waiting) break
        await update(true)
        await new Promise((done) => setTimeout(done, ASK_AGAIN))
      }
      // The old worker is still busy. After it is unregistered, the reload fetches the new version, which registers
      // its own worker.
      if (registration?.waiting && (await serverAnswers())) await registration.unregister()
      // Only the server has the new version: a reload fetches it.
      location.reload()
    },
  }
}

/** Without a connection a page without its service worker would not open. */
const serverAnswers = (): Promise<boolean> =>
  fetch('/healthz', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  )
