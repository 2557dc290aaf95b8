/** What to do on a gallery page before it is looked at: open the menu, the dialog, the error. */
import type { Page } from '@playwright/test'
import { chatSteps } from './chat-steps'
import { slowToShow, type Step } from './step'
import { testids } from './testids'

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

export const steps: Record<string, Step> = {
  ...chatSteps,
  starting: slowToShow('Opening your messages'),
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
