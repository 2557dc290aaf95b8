/** The gallery, built once per worker and served with the relay's policy. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Page, test as base } from '@playwright/test'
import { build, preview } from 'vite'

export { expect } from '@playwright/test'

const configFile = fileURLToPath(new URL('../gallery/vite.config.ts', import.meta.url))

export const test = base.extend<object, { gallery: string }>({
  gallery: [
    async ({}, use) => {
      // Workers may build at the same time: each has a folder of its own.
      const outDir = mkdtempSync(join(tmpdir(), 'sealstream-gallery-'))
      await build({ configFile, logLevel: 'warn', build: { outDir } })
      const server = await preview({
        configFile,
        logLevel: 'warn',
        build: { outDir },
        preview: { port: 0 },
      })
      const url = server.resolvedUrls?.local[0]
      if (!url) throw new Error('the gallery has no address')
      await use(url)
      await server.close()
      rmSync(outDir, { recursive: true, force: true })
    },
    { scope: 'worker', timeout: 120_000 },
  ],
})

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
