/**
 * Every screen of the gallery at three widths, light and dark: photographed for people to look at,
 * and checked for what a machine can tell: accessibility rules, the page's policy, errors, sideways scrolling.
 */
import { fileURLToPath } from 'node:url'
import AxeBuilder from '@axe-core/playwright'
import { sceneNames } from './gallery/scene-names'
import { NOW } from './gallery/people'
import { steps } from './support/screens'
import { expect, shiftClock, test } from './support/screens-gallery'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const widths = [
  { width: 390, height: 844 },
  { width: 768, height: 1024 },
  { width: 1440, height: 900 },
]
/** Where axe looks: colours differ by theme, layout by width, and each is seen once. */
const checked = new Set(['390 light', '1440 dark'])
const themes = ['light', 'dark'] as const
const only = process.env['SCREENS']?.split(',')
const extra = process.env['SCREENS_QUERY'] ?? ''

test.use({
  // What a failed scene looked like stands in .artifacts/screens already.
  trace: 'off',
  screenshot: 'off',
  locale: 'en-GB',
  timezoneId: 'Europe/Berlin',
  contextOptions: { reducedMotion: 'reduce' },
})

for (const name of sceneNames.filter((scene) => !only || only.includes(scene))) {
  test(`${name} is well drawn and accessible at every width, light and dark`, async ({
    gallery,
    page,
  }) => {
    const complaints: string[] = []
    page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.addInitScript(shiftClock, NOW)
    for (const viewport of widths) {
      await page.setViewportSize(viewport)
      // A scene without steps follows the window's size, as a person's window would.
      if (viewport === widths[0] || steps[name]) {
        await page.goto(`${gallery}?scene=${name}${extra}`)
        await page.locator('#app > *').first().waitFor()
        await steps[name]?.(page)
      }
      await page.waitForTimeout(name === 'chat-connecting' ? 1_400 : 250)
      for (const theme of themes) {
        await page.evaluate((to) => (document.documentElement.dataset['theme'] = to), theme)
        await page.screenshot({
          path: here(`../.artifacts/screens/${name}-${viewport.width}-${theme}.png`),
        })
        if (!checked.has(`${viewport.width} ${theme}`)) continue
        // An open menu lies over the page and belongs to no landmark; everything else must.
        const menu = name.endsWith('-menu') ? ['region'] : []
        const { violations } = await new AxeBuilder({ page }).disableRules(menu).analyze()
        expect
          .soft(
            violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) })),
            `axe at ${viewport.width} px, ${theme}`,
          )
          .toEqual([])
      }
      const sideways = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect.soft(sideways, 'the page must not scroll sideways').toBeLessThanOrEqual(0)
    }
    expect(complaints, 'no error and no violation of the policy').toEqual([])
  })
}
