/** The gallery: the real views over fixtures, shared by all workers. */
import { type CDPSession, type Page, test as base } from '@playwright/test'
import { NOW } from '../gallery/people'
import { shared } from './shared'

export { expect } from '@playwright/test'

export const phone = { width: 390, height: 844 }

/** One page for all scenes of a worker, so that the gallery's script is fetched and compiled once. */
interface Stage {
  readonly page: Page
  readonly camera: CDPSession
}

/** Worker fixtures are here only: files with other ones would each need workers and browsers of their own. */
export const test = base.extend<object, { gallery: string; stage: Stage }>({
  gallery: [
    async ({}, use) => use((await shared('gallery')).url),
    { scope: 'worker', timeout: 120_000 },
  ],
  stage: [
    async ({ browser }, use) => {
      const context = await browser.newContext({
        locale: 'en-GB',
        timezoneId: 'Europe/Berlin',
        reducedMotion: 'reduce',
        viewport: phone,
      })
      await context.addInitScript(shiftClock, NOW)
      const page = await context.newPage()
      await use({ page, camera: await context.newCDPSession(page) })
      await context.close()
    },
    { scope: 'worker' },
  ],
})

/** Scenes that leave something in the page for a while: a toast, a file that was not loaded, a crash. */
const ALONE = new Set(['add-copied', 'add-scan-unread', 'unsupported', 'crash', 'crash-details'])

/** Shows a scene, in the page as it is where that can be. */
export async function show(page: Page, gallery: string, scene: string, more = ''): Promise<void> {
  const before = new URL(page.url()).searchParams.get('scene')
  const query = `?scene=${scene}${more}`
  if (before === null || ALONE.has(before) || ALONE.has(scene)) {
    await page.goto(gallery + query)
  } else {
    await page.evaluate((to) => (window as never as Gallery).gallery.show(to), query)
  }
  await page.locator('#app > *').first().waitFor()
  await settled(page)
}

interface Gallery {
  gallery: { show(query: string): Promise<void> }
}

/** The page's clock starts at the gallery's moment and runs on from there. */
export function shiftClock(start: number): void {
  const Real = Date
  const offset = start - Real.now()
  globalThis.Date = class extends Real {
    constructor(...at: [] | [string | number]) {
      super(...((at.length === 0 ? [Real.now() + offset] : at) as [number]))
    }
    static override now = (): number => Real.now() + offset
  } as DateConstructor
}

/** Resolves after four frames in a row in which nothing changed or moved, but for what moves for ever. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((done) => {
        let quiet = 0
        const changes = new MutationObserver(() => (quiet = 0))
        changes.observe(document, {
          subtree: true,
          childList: true,
          attributes: true,
          characterData: true,
        })
        const look = (): void => {
          const moving = document
            .getAnimations()
            .some((one) => one.playState === 'running' && one.effect?.getTiming().iterations === 1)
          quiet = moving ? 0 : quiet + 1
          if (quiet < 4) return void requestAnimationFrame(look)
          changes.disconnect()
          done()
        }
        requestAnimationFrame(look)
      }),
  )
}
