import type { Page } from '@playwright/test'
import { isAccessible } from './support/axe'
import { expect, talking, test } from './support/fixtures'
import { testids } from './support/testids'

const PHONE = { width: 390, height: 844 }

/** How far anything that scrolls only up and down reaches out at the sides, px. */
const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const panes = [...document.querySelectorAll('[data-place="current"], [data-place="current"] *')]
    const all = [document.documentElement, document.body, ...panes]
    const clips = (one: Element): boolean => getComputedStyle(one).overflowX !== 'visible'
    const reach = (one: Element): number => one.scrollWidth - one.clientWidth
    const scrolls = all.filter((one) => clips(one) && !one.matches('.truncate, .sr-only, input'))
    const bubbles = [...document.querySelectorAll('[data-place="current"] .bubble')].map((one) => {
      const { left, right } = one.getBoundingClientRect()
      return Math.max(-left, right - innerWidth)
    })
    return Math.max(0, ...scrolls.map(reach), ...bubbles)
  })

test('German and back, over a reload, with the words of the page and its language', async ({
  person,
}) => {
  const anna = await person('anna')
  const { page } = anna
  await anna.go('#/settings/language')
  await page.getByRole('radio', { name: 'Deutsch' }).click()
  await expect(page.getByRole('heading', { name: 'Sprache' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await isAccessible(page)
  await page.reload()
  await anna.isOnline()
  await expect(page.getByRole('heading', { name: 'Sprache' })).toBeVisible()
  await anna.go('#/chats')
  await expect(page.getByText('Noch keine Chats')).toBeVisible()
  await isAccessible(page)
  await anna.go('#/settings/language')
  await page.getByRole('radio', { name: 'English' }).click()
  await expect(page.getByRole('heading', { name: 'Language' })).toBeVisible()
  await page.reload()
  await anna.isOnline()
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  await expect(page.getByRole('heading', { name: 'Language' })).toBeVisible()
})

test('right-to-left words and a right-to-left page stay within a phone', async ({ person }) => {
  const [anna, bob] = await talking(person)
  const { page } = anna
  await page.setViewportSize(PHONE)
  const arabic = 'مرحبا، هل نلتقي غدًا في الساعة الخامسة عند المقهى القديم؟ (cafe No. 5)'
  const long = 'https://example.org/' + 'averylongword'.repeat(12)
  await bob.write(arabic, long)
  await anna.hasReceived(['hello from bob', arabic, long])
  const bubble = await anna.bubble('مرحبا')
  await expect(bubble.locator('[dir="rtl"]').first()).toBeVisible()
  await anna.write('שלום, all is well')
  await bob.hasReceived(['hello from anna', 'שלום, all is well'])
  expect(await sideways(page)).toBe(0)
  await isAccessible(page)

  await page.evaluate(() => (document.documentElement.dir = 'rtl'))
  expect(await sideways(page)).toBe(0)
  await isAccessible(page)
  for (const place of ['#/chats', '#/settings', '#/settings/privacy', '#/add/code']) {
    await anna.go(place)
    await expect(page.locator('[data-place="current"] [data-pane-title]').first()).toBeVisible()
    await isAccessible(page)
    expect(await sideways(page), place).toBe(0)
  }
  await anna.go('#/chats')
  await anna.row(bob.name).click()
  await expect(anna.get(testids.composer)).toBeVisible()
})
