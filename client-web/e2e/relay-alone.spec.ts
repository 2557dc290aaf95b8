/**
 * Tests that take a relay down or change what it serves. They share one relay that no other file uses, because a
 * relay costs five CPU-seconds. Each test has people of its own and leaves the relay ready; a failure ends the
 * worker and so the relay.
 */
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { isAccessible } from './support/axe'
import { AWAY, acquainted, expect, talking, test as base } from './support/fixtures'
import type { Person } from './support/person'
import { BUILT, Relay } from './support/relay'
import { testids } from './support/testids'

/** The built client in a folder of this file's own, which the relay serves. */
let dist: string
let own: Relay | undefined

const test = base.extend({
  relay: async ({}, use) => {
    if (!own) throw new Error('the relay of this file did not start')
    await use(own)
  },
})

test.use({ serviceWorkers: 'allow' })

test.beforeAll(async () => {
  dist = mkdtempSync(join(tmpdir(), 'sealstream-dist-'))
  cpSync(BUILT, dist, { recursive: true })
  own = await Relay.start({ SEALSTREAM_CLIENT_DIR: dist })
})

test.afterAll(async () => {
  await own?.destroy()
  rmSync(dist, { recursive: true, force: true })
})

const numbered = (what: string, count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, i) => `${what} number ${String(from + i).padStart(2, '0')}.`)

test.describe('moving as for most people', () => {
  test.use({ contextOptions: { reducedMotion: 'no-preference' } })

  test('two people write to each other, offline and through kill -9 of every part', async ({
    person,
    relay,
  }) => {
    test.setTimeout(300_000)
    const [anna, bob] = await acquainted(person)

    await anna.write('The owl flies at midnight')
    await bob.hasReceived(['The owl flies at midnight'])
    await bob.write('Understood')
    await anna.hasReceived(['Understood'])
    // Bob's chat is open: he has read it.
    await anna.hasStatuses('read', 1)

    await bob.offline(true)
    await bob.hasState('offline')
    const first = numbered('first', 12)
    await anna.write(...first)
    await anna.hasStatuses('accepted', 12)

    await relay.kill('node-0', 'projector', 'pusher', 'retention', 'rate-limiter', 'log')
    await anna.isOnline()
    const second = numbered('second', 5)
    await anna.write(...second)

    await relay.kill('postgres', 'board')
    await bob.offline(false)
    await bob.isOnline()
    await bob.hasReceived(['The owl flies at midnight', ...first, ...second])
    await anna.hasStatuses('read', 18)

    await bob.write('All of it came')
    await anna.hasReceived(['Understood', 'All of it came'])
    // Data that the relay does know is found: the search looks where it should.
    expect(relay.filesWith(anna.name)).not.toEqual([])
    for (const text of ['The owl flies', 'number 07', 'Understood', 'All of it came']) {
      expect(relay.filesWith(text)).toEqual([])
    }
  })
})

test('the relay away: words on every way in; back again when it is, also as an older copy of itself', async ({
  person,
  visitor,
  relay,
}) => {
  test.slow() // it starts a relay three times
  const [anna, bob] = await talking(person)
  const carol = await visitor('carol')
  await carol.open()
  await relay.down()
  const line = anna.get(testids.connectionStatus)
  await expect(line).toContainText(AWAY)
  await anna.write('when it is back')
  await anna.hasStatuses('waiting', 1)
  await anna.go('#/add/enter')
  await anna.get(testids.addContactCode).fill('@nobody#7K3M9QXZ')
  await anna.get(testids.addContactSubmit).click()
  const refusal = 'No connection to the server. Check your network and try again.'
  await expect(anna.page.getByRole('alert')).toHaveText(refusal)
  await carol.get(testids.username).fill(carol.name)
  await carol.get(testids.password).fill('correct horse battery')
  await carol.get(testids.submitRegister).click()
  await expect(carol.page.getByRole('alert')).toHaveText(refusal)
  await isAccessible(carol.page)

  relay.keep()
  await relay.up()
  // Their own next attempts may have come first.
  const now = (who: Person) => who.page.getByRole('button', { name: 'Try now' })
  const tryNow = (who: Person) =>
    now(who)
      .click({ timeout: 5_000 })
      .catch(() => undefined)
  await tryNow(anna)
  await anna.isOnline()
  await bob.isOnline()
  await bob.hasReceived(['hello from anna', 'when it is back'])
  await anna.chatWith(bob.name)

  // Restored: the relay gives out numbers that both devices have passed.
  await relay.down()
  relay.restore()
  await anna.write('after the restore')
  await relay.up()
  await tryNow(anna)
  await bob.hasReceived(['hello from anna', 'when it is back', 'after the restore'])
  await bob.write('understood')
  await anna.hasReceived(['hello from bob', 'understood'])
  await bob.go('#/settings/security')
  await expect(bob.page.locator('[data-type="relay_log_changed"]')).toHaveCount(1)
  await carol.get(testids.submitRegister).click()
  await carol.get(testids.lockLater).click()
  await carol.isOnline()
})

/** Writes what a new build would: another page, and a service worker that names its contents. */
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

test('installed, it opens offline with its history; a new version waits until it is told to go', async ({
  person,
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

test('a new version takes over, even if the old service worker stays busy', async ({ person }) => {
  const worker = join(dist, 'sw.js')
  const original = readFileSync(worker, 'utf8')
  const unanswered = `self.addEventListener('fetch', (event) => {
    if (event.request.url.endsWith('/unanswered')) event.respondWith(new Promise(() => {}))
  });`
  writeFileSync(worker, unanswered + original)
  const anna = await person('anna')
  const { page } = anna
  await anna.isInstalled()
  writeFileSync(worker, original)
  release(dist, 'after a busy one')
  await page.reload()
  const update = page.getByRole('button', { name: 'Update' })
  await expect(update).toBeVisible()
  await page.evaluate(() => void fetch('/unanswered').catch(() => undefined))
  await update.click()
  await expect.poll(() => version(page).catch(() => null)).toBe('after a busy one')
})
