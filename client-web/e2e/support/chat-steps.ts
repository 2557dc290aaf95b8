/** What to do on a gallery page of a chat before it is looked at. */
import type { Page } from '@playwright/test'
import { slowToShow, type Step } from './step'
import { testids } from './testids'

async function timerDialog(page: Page): Promise<void> {
  await page.locator('[data-pane="main"]').getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Disappearing messages' }).click()
  await page.getByTestId('timer-choice').waitFor()
}

async function findInChat(page: Page, text: string): Promise<void> {
  await page.getByTestId(testids.message).first().waitFor()
  await page.keyboard.press('Control+f')
  await page.getByTestId(testids.chatSearchField).fill(text)
}

async function askForDate(page: Page): Promise<void> {
  await page.getByTestId(testids.day).last().click()
  await page.getByTestId(testids.pickDayField).waitFor()
}

export const chatSteps: Record<string, Step> = {
  'chat-loading': slowToShow('Loading'),
  'chat-connecting': slowToShow('Connecting'),
  'chat-menu': async (page) => page.getByTestId(testids.message).last().click({ button: 'right' }),
  'chat-timer-choice': timerDialog,
  'chat-timer-custom': async (page) => {
    await timerDialog(page)
    await page.getByRole('radio', { name: 'Custom time' }).click()
    await page.getByTestId('timer-count').fill('3')
    await page.getByTestId('timer-save').scrollIntoViewIfNeeded()
  },
  'chat-timer-details': async (page) => {
    await page.getByTestId(testids.message).last().click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Message details' }).click()
    await page.getByTestId('message-goes').waitFor()
  },
  'contact-timer': async (page) => page.getByTestId('timer-open').scrollIntoViewIfNeeded(),
  'chat-editing': async (page) => {
    await page.getByTestId(testids.message).last().click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    await page.getByTestId('editing').waitFor()
  },
  'chat-emoji': async (page) => {
    await page.getByTestId(testids.message).last().click({ button: 'right' })
    await page.getByTestId('more-emoji').click()
    await page.getByRole('button', { name: 'grinning face', exact: true }).waitFor()
  },
  'chat-choosing': async (page) => {
    await page.getByTestId(testids.message).last().click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Select' }).click()
    await page.getByTestId('selection-bar').waitFor()
    for (const at of [0, 1]) await page.getByTestId(testids.message).nth(at).click()
  },
  'chat-forward': async (page) => {
    await page.getByTestId(testids.message).last().click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Forward' }).click()
    await page.getByTestId('forward-target').nth(1).click()
  },
  'chat-earlier': async (page) => {
    await page.getByTestId('edited').first().click()
    await page.getByRole('dialog').waitFor()
  },
  'chat-search': async (page) => {
    await findInChat(page, 'the')
    await page.getByText(/^1 \w+ \d+$/).waitFor()
    await page.getByTestId(testids.chatSearchField).press('ArrowUp')
    await page.getByText(/^2 \w+ \d+$/).waitFor()
  },
  'chat-search-none': async (page) => {
    await findInChat(page, 'zebra')
    await page.getByText('No message found').waitFor()
  },
  'chat-search-slow': async (page) => {
    await findInChat(page, 'the')
    await page.getByText('Searching … 42 %').waitFor()
  },
  'chat-date': askForDate,
  'chat-date-outside': async (page) => {
    await askForDate(page)
    await page.getByTestId(testids.pickDayField).fill('2012-02-29')
    await page.getByTestId(testids.pickDayGo).click()
    await page.getByRole('alert').waitFor()
  },
  'chat-reply': async (page) => {
    await page.getByTestId(testids.message).last().click({ button: 'right' })
    await page.getByRole('menuitem').first().click()
    await page
      .getByTestId(testids.composer)
      .fill('And I bring the stove,\nthe pot\nand the chocolate')
  },
  'chat-long-text': async (page) => {
    await page
      .getByTestId(testids.composer)
      .fill('word '.repeat(3_190) + 'more than sixteen thousand characters in all')
  },
  'chat-compare': async (page) => {
    await page.getByTestId(testids.compareNow).click()
    await page.getByTestId(testids.safetyNumber).waitFor()
  },
  'chat-compare-scan': async (page) => {
    await page.getByTestId(testids.compareNow).click()
    await page.getByRole('button', { name: 'Scan their code' }).click()
    await page.getByText('No camera found').waitFor()
  },
  'chat-differs': async (page) => {
    await page.getByTestId(testids.compareNow).click()
    await page.getByTestId(testids.safetyNumber).waitFor()
    await page.getByRole('button', { name: 'They differ' }).click()
  },
  'chat-accept': async (page) => page.getByTestId(testids.acceptKey).click(),
  'chat-error': async (page) => page.getByText('could not be opened').waitFor(),
  'chat-refused': async (page) => {
    await page.getByTestId(testids.composer).fill('Shall I pack the big torch?')
    await page.getByTestId(testids.send).click()
    await page.getByRole('alert').waitFor()
  },
  'chat-delete-message': async (page) => {
    await page.getByTestId(testids.message).last().click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
  },
  'chat-encryption': async (page) =>
    page.getByRole('button', { name: 'Encryption: Verified' }).click(),
  'chat-message-details': async (page) => {
    const mine = page.locator(`[data-testid="${testids.message}"][data-direction="out"]`)
    await mine.last().click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Message details' }).click()
  },
  'chat-files': async (page) => {
    await page.locator('[data-testid="file-tile"][data-shown="true"]').first().waitFor()
  },
  'chat-files-attach': async (page) => {
    const picture = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(640, 480)
      canvas.getContext('2d')?.fillRect(0, 0, 320, 480)
      const blob = await canvas.convertToBlob({ type: 'image/png' })
      return [...new Uint8Array(await blob.arrayBuffer())]
    })
    await page.getByTestId('file-input').setInputFiles([
      { name: 'lake.png', mimeType: 'image/png', buffer: Buffer.from(picture) },
      { name: 'timetable.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(48_000, 1) },
    ])
    await page.getByText('Place, time and camera').waitFor()
  },
  'chat-files-viewer': async (page) => {
    // By name: pictures come in any order, and a press on one that is on its way stops it.
    const lake = page.locator(
      '[data-testid="file-tile"][data-shown="true"][aria-label*="lake.jpg"]',
    )
    await lake.first().click()
    await page.locator('.viewer .viewer-media').first().waitFor()
  },
}
