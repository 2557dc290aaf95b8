import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Page } from '@playwright/test'
import { isAccessible } from './support/axe'
import { expect, talking, test as base } from './support/fixtures'
import { testids } from './support/testids'

const BUILT = process.env['SEALSTREAM_CLIENT_DIR'] ?? resolve(import.meta.dirname, '../dist')

/** The built client in a folder of the test's own, which the relay serves. */
const test = base.extend<{ dist: string }>({
  dist: async ({}, use) => {
    const dist = mkdtempSync(join(tmpdir(), 'sealstream-dist-'))
    cpSync(BUILT, dist, { recursive: true })
    await use(dist)
    rmSync(dist, { recursive: true, force: true })
  },
  settings: async ({ dist }, use) => use({ SEALSTREAM_CLIENT_DIR: dist }),
})

/** What a new build leaves: another page, and a service worker that names its contents. */
function release(dist: string, version: string): void {
  const page = join(dist, 'index.html')
  const html = readFileSync(page, 'utf8').replace(
    /(<meta name="version"[^>]*>)?\s*<\/head>/,
    `<meta name="version" content="${version}"></head>`,
  )
  writeFileSync(page, html)
  const worker = join(dist, 'sw.js')
  const revision = createHash('md5').update(html).digest('hex')
  const before = readFileSync(worker, 'utf8')
  const after = before.replace(
    /(url:"index\.html",revision:")[0-9a-f]+|(revision:")[0-9a-f]+(",url:"index\.html")/,
    (_all, first?: string, second?: string, rest?: string) =>
      first ? first + revision : `${second}${revision}${rest}`,
  )
  if (after === before) throw new Error('the service worker does not name the page')
  writeFileSync(worker, after)
}

const version = (page: Page): Promise<string | null> =>
  page.evaluate(() => document.querySelector('meta[name=version]')?.getAttribute('content') ?? null)

test.use({ serviceWorkers: 'allow' })

test('installed, it opens offline with its history; a new version waits until it is told to go', async ({
  person,
  dist,
}) => {
  const [anna, bob] = await talking(person)
  const { page } = anna
  await anna.isInstalled()
  await anna.offline(true)
  await page.reload()
  await anna.chatWith(bob.name)
  await anna.hasReceived(['hello from bob'])
  await expect(anna.get(testids.connectionStatus)).toContainText('No connection')
  await isAccessible(page)
  await anna.offline(false)
  await anna.isOnline()

  release(dist, 'two')
  await page.reload()
  const prompt = page.getByText('A new version is ready.')
  await expect(prompt).toBeVisible()
  expect(await version(page)).toBeNull()
  await isAccessible(page)
  await page.getByRole('button', { name: 'Later' }).click()
  await expect(prompt).toHaveCount(0)
  await anna.write('in the old version')
  await bob.hasReceived(['hello from anna', 'in the old version'])

  // Not by a reload either: only when the person says so.
  await page.reload()
  await expect(prompt).toBeVisible()
  expect(await version(page)).toBeNull()
  await page.getByRole('button', { name: 'Update' }).click()
  await expect.poll(() => version(page).catch(() => null)).toBe('two')
  await anna.isOnline()
  await expect(prompt).toHaveCount(0)
  await anna.chatWith(bob.name)
  await anna.hasReceived(['hello from bob'])
  await anna.write('in the new version')
  await bob.hasReceived(['hello from anna', 'in the old version', 'in the new version'])
  await anna.offline(true)
  await page.reload()
  await anna.hasState('offline')
  expect(await version(page)).toBe('two')
})
