/**
 * Accessibility rules over the page as it stands, once nothing moves. All of axe's default rules,
 * run in the page itself: there are no frames in it that the detour over a second page would serve.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, type Page } from '@playwright/test'

const here = createRequire(import.meta.url)
/** The axe that `@axe-core/playwright` brings; each page compiles it anew, so its short form. */
const source = readFileSync(
  createRequire(here.resolve('@axe-core/playwright')).resolve('axe-core/axe.min.js'),
  'utf8',
)

interface Violation {
  readonly id: string
  /** The markup of each place. */
  readonly nodes: readonly string[]
}
interface Axe {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
}

/** The rules that look at colours, and so at the theme. */
export const OF_COLOUR = ['color-contrast', 'link-in-text-block']

/** What axe finds by all rules or `only` some, leaving out those named in `without`. */
export async function violations(
  page: Page,
  { without = [], only }: { without?: readonly string[]; only?: readonly string[] } = {},
): Promise<readonly Violation[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source)
  return page.evaluate(
    async ({ off, on }) => {
      const { axe } = window as never as { axe: Axe }
      const found = await axe.run({
        // Style sheets are fetched again only for a rule that is off by default.
        preload: false,
        resultTypes: ['violations'],
        rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
        ...(on && { runOnly: on }),
      })
      return found.violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }))
    },
    { off: without, on: only },
  )
}

const atRest = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const moving = document
      .getAnimations()
      .filter((one) => one.effect?.getTiming().iterations === 1)
    await Promise.allSettled(moving.map((one) => one.finished))
  })

export async function isAccessible(page: Page): Promise<void> {
  await atRest(page)
  let found = await violations(page)
  if (found.length > 0) {
    // Something may have begun to fade while axe looked; what is wrong at rest is found again.
    await atRest(page)
    found = await violations(page)
  }
  expect.soft(found, `axe on ${new URL(page.url()).hash}`).toEqual([])
}
