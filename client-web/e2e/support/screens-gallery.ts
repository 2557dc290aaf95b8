/** The gallery, built once per worker and served with the relay's policy. */
import { fileURLToPath } from 'node:url'
import { test as base } from '@playwright/test'
import { build, preview } from 'vite'

export { expect } from '@playwright/test'

const configFile = fileURLToPath(new URL('../gallery/vite.config.ts', import.meta.url))

export const test = base.extend<object, { gallery: string }>({
  gallery: [
    async ({}, use) => {
      await build({ configFile, logLevel: 'warn' })
      const server = await preview({ configFile, logLevel: 'warn', preview: { port: 0 } })
      const url = server.resolvedUrls?.local[0]
      if (!url) throw new Error('the gallery has no address')
      await use(url)
      await server.close()
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
