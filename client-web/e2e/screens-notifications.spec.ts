/** Notices of the system: real permission, real messages through a real relay; only the looking away is told. */
import type { Page } from '@playwright/test'
import { chromiumFlags } from '../scripts/chromium-flags.mjs'
import { resolveWholeChromium } from '../scripts/chromium.mjs'
import { expect, acquainted, test } from './support/fixtures'
import { testids } from './support/testids'

const executablePath = resolveWholeChromium()
if (executablePath) test.use({ launchOptions: { executablePath, args: chromiumFlags } })

/** The browser shows its notices outside of any page: what was shown and taken back is noted on the way. */
function noteNotices(): void {
  const Native = Notification
  const shown: Notification[] = []
  const titles: string[] = []
  class Noted extends Native {
    constructor(title: string, options?: NotificationOptions) {
      super(title, options)
      shown.push(this)
      titles.push(options?.body === undefined ? title : `${title}: ${options.body}`)
    }
    override close(): void {
      shown.splice(shown.indexOf(this), 1)
      super.close()
    }
  }
  Object.assign(window, { Notification: Noted, shown, titles })
}
interface Noticing {
  readonly shown: Notification[]
  readonly titles: string[]
}
const titles = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as never as Noticing).titles)
const standing = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as never as Noticing).shown.map(({ title }) => title))
const look = (page: Page, way: 'blur' | 'focus'): Promise<void> =>
  page.evaluate((event) => void window.dispatchEvent(new Event(event)), way)
const icon = (page: Page): Promise<string | null> =>
  page.locator('link[rel="icon"]').getAttribute('href')

test('someone who looks elsewhere is told who wrote, never what, and muted chats are silent', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  const { page } = anna
  await anna.context.grantPermissions(['notifications'], { origin: anna.url })
  const permission = await page.evaluate(() => Notification.permission)
  test.skip(permission !== 'granted', 'this build of Chromium has no notices: a headless shell')
  await page.addInitScript(noteNotices)
  await page.reload()
  await anna.isOnline()

  // Off until asked for.
  await anna.go('#/chats')
  await look(page, 'blur')
  await bob.write('before anybody asked')
  await expect(page).toHaveTitle('(1) Sealstream')
  expect(await icon(page)).toBe('/favicon-unread.svg')
  expect(await titles(page)).toEqual([])

  await look(page, 'focus')
  await anna.go('#/settings/notifications')
  const on = page.getByTestId(testids.notificationsOn)
  await expect(on).not.toBeChecked()
  await on.click()
  await expect(on).toBeChecked()
  await look(page, 'blur')
  await bob.write('a secret plan')
  await expect.poll(() => titles(page)).toEqual([`New message from ${bob.name}`])
  await expect(page).toHaveTitle('(2) Sealstream')

  // A press on the notice leads to the chat; read, it is taken back.
  await page.evaluate(() => {
    ;(window as never as Noticing).shown[0]?.dispatchEvent(new Event('click'))
  })
  await look(page, 'focus')
  await expect(page.getByText('a secret plan').last()).toBeVisible()
  await expect.poll(() => standing(page)).toEqual([])
  await expect(page).toHaveTitle('Sealstream')
  expect(await icon(page)).toBe('/favicon.svg')

  // In sight, nothing is told twice; out of sight and read later, the notice goes by itself.
  await bob.write('while she looks')
  await expect(page.getByText('while she looks').last()).toBeVisible()
  expect(await titles(page)).toHaveLength(1)
  await anna.go('#/settings/notifications')
  await page.getByTestId(testids.notificationNames).click()
  await look(page, 'blur')
  await bob.write('without a name')
  await expect.poll(() => standing(page)).toEqual(['New message'])
  await look(page, 'focus')
  await anna.chatWith(bob.name)
  await expect.poll(() => standing(page)).toEqual([])

  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Mute' }).click()
  await page.getByRole('button', { name: 'Always' }).click()
  await anna.go('#/chats')
  await look(page, 'blur')
  await bob.write('into silence')
  await expect(anna.row(bob.name)).toContainText('1 unread')
  expect(await titles(page)).toHaveLength(2)
  await expect(page).toHaveTitle('Sealstream')
})

test('a browser that refuses is said so, and nothing is switched on', async ({ person }) => {
  const anna = await person('anna')
  const { page } = anna
  await page.addInitScript(() => {
    // Headless browsers ask nobody: this is the answer a person would give.
    let given: NotificationPermission = 'default'
    Object.defineProperty(Notification, 'permission', { get: () => given })
    Notification.requestPermission = async () => (given = 'denied')
  })
  await page.reload()
  await anna.isOnline()
  await anna.go('#/settings/notifications')
  const on = page.getByTestId(testids.notificationsOn)
  await on.click()
  await expect(page.getByTestId(testids.notificationsRefused)).toContainText('blocks notifications')
  await expect(on).not.toBeChecked()
  await expect(on).toBeDisabled()
})
