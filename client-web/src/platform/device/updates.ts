import { registerSW } from 'virtual:pwa-register'
import type { Updates } from '@/platform/platform'

/**
 * A browser may leave the waiting worker where it is while the old one has work, as while a page loads. So it is
 * asked again.
 */
const ASK_AGAIN = 1_000
const TIMES = 3

/** The service worker: makes the app open offline; a new version waits until it is told to go. */
export function watchUpdates(ready: () => void): Updates {
  const update = registerSW({ onNeedRefresh: ready })
  return {
    async apply() {
      const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
      const registration = await serviceWorker?.getRegistration()
      // The page is reloaded once the new worker has it.
      for (let asked = 0; asked < TIMES; asked += 1) {
        if (!registration?.waiting) break
        await update(true)
        await new Promise((done) => setTimeout(done, ASK_AGAIN))
      }
      // The old worker is still busy. Without it, the reload fetches the new version, which registers its own.
      if (registration?.waiting && (await serverAnswers())) await registration.unregister()
      // Where the server alone has the new version, a reload fetches it.
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
