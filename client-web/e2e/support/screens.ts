/** What to do on a gallery page before it is looked at: open the menu, the dialog, the error. */
import type { Page } from '@playwright/test'
import { testids } from './testids'

type Step = (page: Page) => Promise<void>

async function newPassphrase(page: Page): Promise<void> {
  await page.getByTestId(testids.backupOpen).click()
  await page.getByTestId(testids.passphrase).fill('a rather long one')
  await page.getByTestId(testids.passphraseRepeat).fill('a rather long one')
}

async function pasteLink(page: Page): Promise<void> {
  await page.getByTestId(testids.linkDevice).click()
  await page.getByRole('button', { name: 'Paste the code' }).click()
  await page.getByTestId(testids.linkPaste).fill('sealstream:link?r=x')
  await page.getByTestId(testids.linkJoin).click()
}

async function timerDialog(page: Page): Promise<void> {
  await page.locator('[data-pane="main"]').getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Disappearing messages' }).click()
  await page.getByTestId('timer-choice').waitFor()
}

/** Shown only after a while, lest it flash. */
const slowToShow =
  (text: string): Step =>
  async (page) =>
    page.getByText(text).first().waitFor()

async function findInChat(page: Page, text: string): Promise<void> {
  await page.getByTestId(testids.message).first().waitFor()
  await page.keyboard.press('Control+f')
  await page.getByTestId(testids.chatSearchField).fill(text)
}

async function askForDate(page: Page): Promise<void> {
  await page.getByTestId(testids.day).last().click()
  await page.getByTestId(testids.pickDayField).waitFor()
}

export const steps: Record<string, Step> = {
  starting: slowToShow('Opening your messages'),
  'chat-loading': slowToShow('Loading'),
  'chat-connecting': slowToShow('Connecting'),
  'welcome-login': async (page) => page.getByTestId(testids.switchMode).click(),
  'welcome-errors': async (page) => {
    await page.getByTestId(testids.username).fill('Anna!')
    await page.getByTestId(testids.password).fill('short')
    await page.getByTestId(testids.submitRegister).click()
  },
  'welcome-refused': async (page) => {
    await page.getByTestId(testids.switchMode).click()
    await page.getByTestId(testids.username).fill('mara')
    await page.getByTestId(testids.password).fill('correct horse')
    await page.getByTestId(testids.submitLogin).click()
    await page.getByRole('alert').waitFor()
  },
  'welcome-keys': async (page) => {
    await page.getByTestId(testids.username).fill('mara')
    await page.getByTestId(testids.password).fill('correct horse battery')
    await page.getByTestId(testids.submitRegister).click()
  },
  'link-code': async (page) => page.getByTestId(testids.linkOpen).click(),
  'link-digits': async (page) => page.getByTestId(testids.linkOpen).click(),
  'link-expired': async (page) => page.getByTestId(testids.linkOpen).click(),
  recovery: async (page) => page.getByTestId(testids.recoveryOpen).click(),
  'recovery-nothing': async (page) => {
    await page.getByTestId(testids.recoveryOpen).click()
    await page.getByTestId('recovery-nothing').click()
  },
  'identity-restore': async (page) => {
    await page.getByTestId(testids.identityRestore).click()
    await page.getByTestId(testids.restoreFile).setInputFiles({
      name: 'mara-2026-03-12.backup',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from('gallery'),
    })
    await page.getByTestId(testids.restorePassphrase).fill('wrong one')
    await page.getByTestId(testids.restoreSubmit).click()
    await page.getByRole('alert').waitFor()
  },
  locked: async (page) => {
    await page.getByTestId(testids.unlockPassphrase).fill('wrong one')
    await page.getByTestId(testids.unlock).click()
    await page.getByRole('alert').waitFor()
  },
  'list-menu': async (page) =>
    page
      .locator('[data-username="deniz"]')
      .first()
      .click({ button: 'right', position: { x: 120, y: 30 } }),
  'crash-details': async (page) => page.getByText('What happened').click(),
  'locked-erase': async (page) => {
    await page.getByText('Forgot it?').click()
    await page.getByRole('button', { name: 'Erase this device' }).click()
  },
  'unopened-full': async (page) => {
    await page.getByTestId(testids.openStorage).click()
    await page.getByRole('alert').waitFor()
  },
  'unopened-erase': async (page) => page.getByTestId(testids.eraseDevice).click(),
  'identity-replace': async (page) => page.getByTestId(testids.identityReplace).click(),
  'list-delete': async (page) => {
    await page
      .locator('[data-username="deniz"]')
      .first()
      .click({ button: 'right', position: { x: 120, y: 30 } })
    await page.getByRole('menuitem', { name: 'Delete chat' }).click()
  },
  'list-search-slow': async (page) => {
    await page.getByRole('searchbox').fill('zebra')
    await page.getByText('Searching').waitFor()
  },
  'list-search': async (page) => {
    await page.getByRole('searchbox').fill('an')
    await page.locator('mark').first().waitFor()
  },
  'list-search-none': async (page) => {
    await page.getByRole('searchbox').fill('zebra')
    await page.getByText('zebra').waitFor()
  },
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
  'contact-block': async (page) => page.getByTestId(testids.contactBlock).click(),
  'add-scan-unread': async (page) => {
    const reader = '**/*.wasm'
    await page.route(reader, (route) => route.abort())
    await page.getByTestId(testids.tabScan).click()
    await page.getByText('could not be loaded').waitFor()
    await page.unroute(reader)
  },
  'add-copied': async (page) => page.getByRole('button', { name: 'Copy code' }).click(),
  'contact-remove': async (page) => page.getByTestId(testids.contactRemove).click(),
  'add-refused': async (page) => {
    await page.getByTestId(testids.addContactCode).fill('@nobody#ABCDEFGH')
    await page.getByTestId(testids.addContactSubmit).click()
    await page.getByRole('alert').waitFor()
  },
  'settings-devices-remove': async (page) =>
    page.getByRole('button', { name: 'Remove device' }).click(),
  'settings-link-paste': async (page) => {
    await pasteLink(page)
    await page.getByRole('alert').waitFor()
  },
  'settings-link-digits': async (page) => {
    await pasteLink(page)
    await page.getByTestId(testids.linkDigitsField).fill('42')
  },
  'contact-nickname': async (page) => page.getByTestId(testids.nicknameOpen).click(),
  'list-mute': async (page) => {
    await page.getByTestId(testids.conversationItem).nth(1).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Mute' }).click()
  },
  'settings-delete': async (page) => page.getByTestId(testids.deleteAccount).click(),
  'settings-backup-own': newPassphrase,
  'settings-backup-suggested': async (page) => {
    await page.getByTestId(testids.backupOpen).click()
    await page.getByTestId(testids.suggest).click()
  },
  'settings-backup-working': async (page) => {
    await newPassphrase(page)
    await page.getByTestId(testids.backupCreate).click()
  },
  'settings-backup-done': async (page) => {
    await newPassphrase(page)
    await page.getByTestId(testids.backupCreate).click()
    await page.getByTestId(testids.backupSave).waitFor()
  },
  'settings-passphrase': async (page) => page.getByTestId(testids.setPassphrase).click(),
  'settings-passkey': async (page) => {
    await page.getByTestId(testids.passkey).click()
    await page.getByTestId(testids.passkeyPassphrase).fill('a rather long one')
    await page.getByTestId(testids.passkeySubmit).click()
    await page.getByRole('alert').waitFor()
  },
  'locked-passkey': async (page) => {
    await page.getByTestId(testids.unlockPasskey).click()
    await page.getByRole('alert').waitFor()
  },
  'settings-logout': async (page) => page.getByTestId(testids.logout).click(),
}
