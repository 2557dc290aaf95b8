/** Finding one's way in a long chat: by words and by date, over messages that are not loaded. */
import type { Page } from '@playwright/test'
import { isAccessible } from './support/axe'
import { saveBackup, tryRestore } from './support/backups'
import { expect, talking, test } from './support/fixtures'
import { ageBackup } from './support/history'
import { testids } from './support/testids'

const PASSPHRASE = 'seven plain words for a backup'
/** A minute apart: they reach into the day before yesterday. */
const COUNT = 2_000

const marks = (page: Page, name: string): Promise<number> =>
  page.evaluate((of) => CSS.highlights.get(of)?.size ?? 0, name)

test('words are found in a whole chat, a date leads to its first message, and the focus returns', async ({
  person,
}, info) => {
  const [anna, bob] = await talking(person)
  const { page } = anna
  await anna.write('The TÉNT is mine', 'no match here', 'your tent')
  const path = info.outputPath('aged.backup')
  await saveBackup(anna, PASSPHRASE, path)
  await ageBackup(path, PASSPHRASE, COUNT)
  await tryRestore(anna, path, PASSPHRASE)
  await expect(page.getByText('Your backup is restored.')).toBeVisible({ timeout: 120_000 })
  await anna.chatWith(bob.name)
  await expect(anna.get(testids.composer)).toBeFocused()

  await page.keyboard.press('Control+f')
  const field = anna.get(testids.chatSearchField)
  await expect(field).toBeFocused()
  await field.fill('tent')
  const place = anna.get(testids.chatSearchPlace)
  await expect(place).toHaveText(/^1 of \d+$/)
  await expect.poll(() => marks(page, 'found-here')).toBe(1)
  await field.press('Enter')
  await expect(place).toHaveText(/^2 of /)
  await expect(await anna.bubble('The TÉNT is mine')).toBeInViewport()
  await isAccessible(page)

  // The oldest of all: nothing near it is loaded.
  await field.fill('0: the tent')
  await expect(place).toHaveText(/^1 of \d+$/)
  await field.press('Shift+Enter')
  await expect(page.getByText(/^0: the tent/)).toBeInViewport()
  await field.fill('zebra')
  await expect(place).toHaveText('No message found')
  await field.press('Escape')
  await expect(field).toHaveCount(0)
  await expect(anna.get(testids.composer)).toBeFocused()
  expect(await marks(page, 'found')).toBe(0)

  await page.getByRole('button', { name: 'Go to the newest message' }).click()
  await expect(await anna.bubble('your tent')).toBeInViewport()
  await anna.get(testids.day).last().click()
  const date = anna.get(testids.pickDayField)
  await date.fill('2012-02-29')
  await anna.get(testids.pickDayGo).click()
  await expect(page.getByRole('dialog').getByRole('alert')).toBeVisible()
  await isAccessible(page)
  await date.fill((await date.getAttribute('min')) ?? '')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.getByText(/^0: the tent/)).toBeInViewport()
})

test('the menu of a chat opens the search, which has the focus and takes the header’s place on a phone', async ({
  person,
}) => {
  const [anna] = await talking(person)
  const { page } = anna
  await page.setViewportSize({ width: 390, height: 844 })
  const header = page.locator('[data-pane="main"] header')
  await header.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Search in chat' }).click()
  const field = anna.get(testids.chatSearchField)
  await expect(field).toBeFocused()
  await expect(header).toBeHidden()
  await field.fill('HELLO')
  await expect(anna.get(testids.chatSearchPlace)).toHaveText('1 of 2')
  await isAccessible(page)
  await page.getByRole('button', { name: 'Close the search' }).click()
  await expect(header).toBeVisible()
})
