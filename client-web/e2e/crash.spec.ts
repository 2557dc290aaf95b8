import type { Page } from '@playwright/test'
import { isAccessible } from './support/axe'
import { expect, test } from './support/fixtures'
import { testids } from './support/testids'

/** From now on every time of day on this page fails to be drawn; a reload heals it. */
const breakTimes = (page: Page): Promise<void> =>
  page.evaluate(() => {
    Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
      get() {
        throw new TypeError('a secret in the message of an error')
      },
    })
  })

test('a fault while drawing shows a screen that says what is safe, and the way on works', async ({
  person,
}) => {
  const anna = await person('anna')
  const { page } = anna
  await breakTimes(page)
  await anna.go('#/settings/devices')
  const crash = anna.get(testids.crash)
  await expect(crash).toContainText('Your keys and messages are safe')
  await expect(page.getByRole('heading')).toHaveText('This part could not be shown')
  await expect(page.getByRole('heading')).toBeFocused()
  await expect(anna.get(testids.composer)).toHaveCount(0)
  await page.getByText('What happened').click()
  await expect(anna.get(testids.crashDetails)).toContainText('TypeError')
  await expect(anna.get(testids.crashDetails)).not.toContainText('secret')
  await isAccessible(page)
  // The fault is not swallowed: it reaches the console.
  expect(anna.complaints.splice(0).join()).toContain('a secret in the message of an error')

  await anna.get(testids.crashReload).click()
  await anna.isOnline()
  await expect(page.getByText('Log-in sessions')).toBeVisible()

  await page.evaluate(() => {
    location.hash = '#/settings/language'
  })
  await page.getByText('Deutsch').click()
  await breakTimes(page)
  await anna.go('#/settings/devices')
  await expect(anna.get(testids.crash)).toContainText('Dieser Teil ließ sich nicht zeigen')
  expect(anna.complaints.splice(0)).not.toEqual([])
  await anna.get(testids.crashLeave).click()
  await anna.isOnline()
  expect(new URL(page.url()).hash).toBe('#/chats')
})

test('chats whose code cannot be fetched: it is told, and they open once it can', async ({
  person,
}) => {
  const anna = await person('anna')
  const { page } = anna
  for (const part of ['chats', 'account-parts']) {
    await page.route(`**/assets/${part}-*.js`, (route) => route.abort())
    await page.reload()
    const again = anna.get(part === 'chats' ? testids.crashReload : testids.openStorage)
    await expect(again).toBeVisible()
    await isAccessible(page)
    // The crash screen reports its error. The start screen says the reason and reports none.
    if (part === 'chats') expect(anna.complaints.splice(0).join()).toContain('fetch')
    await page.unroute(`**/assets/${part}-*.js`)
    await again.click()
    await anna.isOnline()
  }
})
