/** How the screens behave under keys, fingers and long histories; over the gallery, without a relay. */
import type { Locator, Page } from '@playwright/test'
import { toBuffer } from 'qrcode'
import { NOW, identityOf } from './gallery/people'
import { expect, shiftClock, test } from './support/screens-gallery'
import { testids } from './support/testids'

const WIDE = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }

async function open(page: Page, gallery: string, scene: string, size = WIDE): Promise<void> {
  await page.addInitScript(shiftClock, NOW)
  await page.setViewportSize(size)
  await page.goto(`${gallery}?scene=${scene}`)
  await page.locator('#app > *').first().waitFor()
}

const hash = (page: Page): Promise<string> => page.evaluate(() => location.hash)
const focusedText = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.textContent ?? '')

test('the list is walked with arrow keys and a chat opened with enter', async ({
  gallery,
  page,
}) => {
  await open(page, gallery, 'list')
  await page.getByRole('searchbox').focus()
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => focusedText(page)).toContain('Message requests')
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => focusedText(page)).toContain('anna')
  await page.keyboard.press('End')
  await expect.poll(() => focusedText(page)).toContain('Archived')
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => focusedText(page)).toContain('anna')
  await page.keyboard.press('Enter')
  await expect.poll(() => hash(page)).toBe('#/chats/id-anna')
  await expect(page.getByTestId(testids.composer)).toBeFocused()
})

test('enter sends, shift and enter starts a line, and the field grows to six lines at most', async ({
  gallery,
  page,
}) => {
  await open(page, gallery, 'chat')
  const composer = page.getByTestId(testids.composer)
  const height = async (): Promise<number> => (await composer.boundingBox())?.height ?? 0
  const one = await height()
  await composer.fill('first')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('second')
  expect(await composer.inputValue()).toBe('first\nsecond')
  expect(await height()).toBeGreaterThan(one)
  await composer.fill('line\n'.repeat(30))
  expect(await height()).toBeLessThanOrEqual(one + 5 * 21 + 2)
  await composer.fill('a message of its own')
  await page.keyboard.press('Enter')
  await expect(composer).toHaveValue('')
  await expect(page.getByTestId(testids.message).last()).toContainText('a message of its own')
  expect(await height()).toBe(one)
})

test('a chat that could not be opened is opened by trying again', async ({ gallery, page }) => {
  await open(page, gallery, 'chat-error')
  await expect(page.getByRole('alert')).toContainText('safe on this device')
  await expect(page.getByTestId(testids.message)).toHaveCount(0)
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByTestId(testids.message).last()).toContainText('bring the tent')
  await expect(page.getByText('could not be opened')).toHaveCount(0)
})

test('what cannot be stored on a full device is said, wherever it was pressed or happened by itself', async ({
  gallery,
  page,
}) => {
  const uncaught: string[] = []
  page.on('pageerror', (error) => uncaught.push(error.message))
  page.on('console', (line) => line.type() === 'error' && uncaught.push(line.text()))
  const said = page.getByText('This device is out of space')
  await open(page, gallery, 'chat&full=markRead')
  await expect(said).toBeVisible()
  await open(page, gallery, 'chat-blocked&full=unblock')
  await page.getByRole('button', { name: 'Unblock' }).click()
  await expect(said).toBeVisible()
  await open(page, gallery, 'settings-privacy&full=unblock')
  await page.getByRole('button', { name: 'Unblock' }).click()
  await expect(said).toBeVisible()
  await open(page, gallery, 'contact-verified&full=setMuted')
  await page.getByRole('button', { name: 'Mute' }).click()
  await page.getByRole('button', { name: 'Always' }).click()
  await expect(said).toBeVisible()
  expect(uncaught).toEqual([])
})

test('markup in messages stays text and links lead out without a referrer', async ({
  gallery,
  page,
}) => {
  await open(page, gallery, 'chat-awkward')
  await page.locator('.chat').evaluate((element) => element.scrollTo(0, 0))
  await expect(page.getByText('<img src=x onerror=alert(1)>')).toBeVisible()
  expect(await page.locator('[data-testid="message"] img').count()).toBe(0)
  await open(page, gallery, 'chat')
  await page.locator('.chat').evaluate((element) => element.scrollTo(0, 0))
  const link = page.locator('[data-testid="message"] a').first()
  await expect(link).toHaveAttribute('rel', /noopener noreferrer/)
  await expect(link).toHaveAttribute('target', '_blank')
})

test('on a phone the chat slides over the list, and back finds the list where it was', async ({
  gallery,
  page,
}) => {
  await open(page, gallery, 'list', PHONE)
  const list = page.locator('[data-pane="side"] .scroll-y')
  await list.evaluate((element) => element.scrollTo(0, 150))
  await page.locator('[data-username="jonas"]').click()
  await expect(page.locator('[data-pane="main"]')).toHaveAttribute('data-place', 'current')
  await expect(page.locator('[data-pane="side"]')).toHaveAttribute('inert')
  await page.getByRole('button', { name: 'Back' }).click()
  await expect.poll(() => hash(page)).toBe('#/chats')
  expect(await list.evaluate((element) => element.scrollTop)).toBe(150)
})

test('a swipe from the edge goes back, a short one does not', async ({ gallery, page }) => {
  await open(page, gallery, 'list', PHONE)
  await page.locator('[data-username="deniz"]').first().click()
  await expect.poll(() => hash(page)).toBe('#/chats/id-deniz')
  const swipe = (to: number, slowly: boolean): Promise<void> =>
    page.evaluate(
      async ([end, wait]) => {
        const shell = document.querySelector('.shell') as HTMLElement
        const fire = (type: string, x: number): boolean =>
          shell.dispatchEvent(
            new PointerEvent(type, {
              pointerType: 'touch',
              pointerId: 7,
              clientX: x,
              clientY: 400,
              bubbles: true,
            }),
          )
        fire('pointerdown', 6)
        for (let x = 20; x <= end; x += 20) {
          fire('pointermove', x)
          await new Promise((done) => setTimeout(done, wait))
        }
        fire('pointerup', end)
      },
      [to, slowly ? 60 : 5] as const,
    )
  await swipe(60, true)
  expect(await hash(page)).toBe('#/chats/id-deniz')
  await swipe(260, true)
  await expect.poll(() => hash(page)).toBe('#/chats')
})

test('a dialog keeps the focus inside, closes with escape and gives the focus back', async ({
  gallery,
  page,
}) => {
  await open(page, gallery, 'chat')
  const shield = page.getByRole('button', { name: 'Encryption: Verified' })
  await shield.click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toBeVisible()
  for (let press = 0; press < 6; press += 1) await page.keyboard.press('Tab')
  expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true)
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(shield).toBeFocused()
})

test('a scanner whose reader cannot be fetched says so, and works when tried again', async ({
  gallery,
  page,
}) => {
  await page.route('**/*.wasm', (route) => route.abort())
  await open(page, gallery, 'add-scan')
  const box = page.getByRole('alert')
  await expect(box).toContainText('The scanner could not be loaded')
  await page.getByRole('button', { name: 'Type a code' }).click()
  await expect(page.getByTestId(testids.addContactCode)).toBeVisible()
  await page.getByTestId(testids.tabScan).click()
  await expect(box).toContainText('The scanner could not be loaded')
  await page.unroute('**/*.wasm')
  await page.getByRole('button', { name: 'Try again' }).click()
  // As far as a browser without a camera goes; a picture is read.
  await expect(box).toContainText('No camera found')
  const buffer = await toBuffer(`sealstream:contact?u=anna&k=${identityOf('anna')}`)
  const picture = { name: 'code.png', mimeType: 'image/png', buffer }
  await page.getByTestId(testids.scannerFile).setInputFiles(picture)
  await expect.poll(() => hash(page)).toBe('#/chats/id-anna')
})

test('the list can be made wider and narrower with the keys, within bounds', async ({
  gallery,
  page,
}) => {
  await open(page, gallery, 'chat')
  const line = page.getByRole('separator', { name: 'Resize' })
  await line.focus()
  await page.keyboard.press('ArrowRight')
  await expect(line).toHaveAttribute('aria-valuenow', '380')
  await page.keyboard.press('End')
  await expect(line).toHaveAttribute('aria-valuenow', '440')
  await page.keyboard.press('ArrowRight')
  await expect(line).toHaveAttribute('aria-valuenow', '440')
})

test('the three answers to a request stand in one line on a phone, in every language', async ({
  gallery,
  page,
}) => {
  for (const language of ['en', 'de']) {
    for (const width of [360, 390]) {
      await open(page, gallery, `chat-request&lang=${language}`, { width, height: 844 })
      const tops = await page
        .getByTestId(testids.requestBar)
        .locator('button')
        .evaluateAll((buttons) => buttons.map((one) => one.getBoundingClientRect().top))
      expect(tops).toHaveLength(3)
      expect(new Set(tops).size, `${language}, ${width} px`).toBe(1)
    }
  }
})

test('the code of a new device and what can be done with it fit on a phone, in every language', async ({
  gallery,
  page,
}) => {
  for (const language of ['en', 'de']) {
    await open(page, gallery, `link-code&lang=${language}`, PHONE)
    const bottom = (button: Locator): Promise<number> =>
      button.evaluate((element) => element.getBoundingClientRect().bottom)
    await page.getByTestId(testids.linkOpen).click()
    await expect(page.getByTestId(testids.linkCode)).toBeVisible()
    for (const button of await page.getByRole('button').all()) {
      expect(await bottom(button)).toBeLessThanOrEqual(PHONE.height)
    }
  }
})
