/**
 * Every screen of the gallery at three widths, light and dark, photographed on request and
 * checked for what a machine can tell: accessibility rules in both themes and both layouts, the
 * page's policy, errors, sideways scrolling.
 */
import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CDPSession } from '@playwright/test'
import { sceneNames } from './gallery/scene-names'
import { OF_COLOUR, violations } from './support/axe'
import { steps } from './support/screens'
import { expect, phone, settled, show, test } from './support/screens-gallery'

const pictures = fileURLToPath(new URL('../.artifacts/screens/', import.meta.url))
const tablet = { width: 768, height: 1024 }
const desk = { width: 1440, height: 900 }
const themes = ['light', 'dark'] as const
const only = process.env['SCREENS']?.split(',')
const extra = process.env['SCREENS_QUERY'] ?? ''

/** `npm run screens` takes them; they are for people to look at. */
const photographed = process.env['PICTURES'] === '1'

if (photographed) mkdirSync(pictures, { recursive: true })
test.describe.configure({ mode: 'parallel' })

/** Past Playwright's own way, which takes four times as long for the same picture. */
async function photograph(camera: CDPSession, name: string): Promise<void> {
  const { data } = await camera.send('Page.captureScreenshot', {
    format: 'png',
    optimizeForSpeed: true,
  })
  await writeFile(join(pictures, `${name}.png`), Buffer.from(data, 'base64'))
}

for (const name of sceneNames.filter((scene) => !only || only.includes(scene))) {
  test(`${name} is well drawn and accessible at every width, light and dark`, async ({
    gallery,
    stage: { page, camera },
  }) => {
    const complaints: string[] = []
    page.removeAllListeners()
    page.on('console', (line) => {
      // Where something cannot be fetched, the browser says so.
      const expected = name.endsWith('-unread') && line.text().startsWith('Failed to load resource')
      if (line.type() === 'error' && !expected) complaints.push(line.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    const step = steps[name]
    // An open menu lies over the page and belongs to no landmark; everything else must.
    const without = name.endsWith('-menu') ? ['region'] : []
    for (const size of [phone, tablet, desk]) {
      await page.setViewportSize(size)
      // The page follows the window's size, as it would a person's; where the layout is another one,
      // what was opened on the way is opened anew.
      if (size === phone || (size === desk && step)) {
        await show(page, gallery, name, extra)
        await step?.(page)
      }
      await settled(page)
      for (const theme of themes) {
        await page.evaluate((to) => (document.documentElement.dataset['theme'] = to), theme)
        if (photographed) await photograph(camera, `${name}-${size.width}-${theme}`)
        if (size === tablet) continue
        // What has nothing to do with colours is the same in the dark.
        const rules = theme === 'light' ? { without } : { only: OF_COLOUR }
        expect.soft(await violations(page, rules), `axe at ${size.width} px, ${theme}`).toEqual([])
      }
      const sideways = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect.soft(sideways, 'the page must not scroll sideways').toBeLessThanOrEqual(0)
    }
    expect(complaints, 'no error and no violation of the policy').toEqual([])
  })
}
