import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { isAccessible } from './support/axe'
import { downloadBackup, tryRestore } from './support/backups'
import { expect, talking, test } from './support/fixtures'
import { testids } from './support/testids'

/** Presses a button the moment it appears, as soon as nobody could. */
const pressAtOnce = (page: Page, name: string): Promise<void> =>
  page.evaluate((wanted) => {
    const watch = new MutationObserver(() => {
      const button = [...document.querySelectorAll('[role="status"] button')].find(
        (one) => one.textContent?.trim() === wanted,
      )
      if (!(button instanceof HTMLElement)) return
      watch.disconnect()
      button.click()
    })
    watch.observe(document.body, { subtree: true, childList: true })
  }, name)

test('the recovery dialog leads each way on, before and after logging in', async ({
  person,
  visitor,
  again,
}) => {
  const lost = await visitor('lost')
  await lost.open()
  const dialog = lost.page.getByRole('dialog')
  for (const [way, title] of [
    ['recovery-backup', 'With your backup'],
    ['recovery-device', 'With your other device'],
    ['recovery-nothing', 'Starting over with new keys'],
  ] as const) {
    await lost.get(testids.recoveryOpen).click()
    await expect(dialog.getByRole('heading')).toHaveText('Get back into your account')
    await lost.get(way).click()
    await expect(dialog.getByRole('heading')).toHaveText(title)
    await expect(dialog.getByRole('listitem')).toHaveCount(4)
    await isAccessible(lost.page)
    await dialog.getByRole('button', { name: 'Back' }).click()
    await lost.get(way).click()
    await lost.get(testids.recoveryGo).click()
    await expect(lost.get(testids.submitLogin)).toBeVisible()
  }

  const [anna, bob] = await talking(person)
  const second = await again(anna)
  const { page } = second
  await second.login()
  await expect(page.getByRole('heading')).toHaveText('Your keys are on another device')
  await isAccessible(page)
  for (const way of ['recovery-backup', 'recovery-device']) {
    await page.getByRole('button', { name: 'Help me choose' }).click()
    await second.get(way).click()
    await second.get(testids.recoveryGo).click()
    await expect(second.get(testids.restoreSubmit)).toBeVisible()
    await page.getByRole('button', { name: 'Back', exact: true }).click()
  }
  await page.getByRole('button', { name: 'Help me choose' }).click()
  await second.get('recovery-nothing').click()
  await expect(page.getByText('Each contact sees that your key changed')).toBeVisible()
  await second.get(testids.recoveryGo).click()
  await isAccessible(page)
  await second.confirm('Start with new keys')
  await second.isOnline()
  await expect(second.page.getByText('No chats yet')).toBeVisible()

  // The device with the old key is closed and says so; the contact is warned before anything leaves.
  await expect(anna.get(testids.submitLogin)).toBeVisible()
  await bob.send('who are you?')
  await expect(bob.get(testids.keyChange)).toContainText(`${anna.name}’s key changed`)
  await isAccessible(bob.page)
})

test('a bad backup or passphrase changes nothing and says what is wrong; a suggested one opens it', async ({
  person,
  again,
}, info) => {
  const [anna, bob] = await talking(person)
  await anna.go('#/settings/backup')
  await expect(anna.page.getByText('No backup yet')).toBeVisible()
  await isAccessible(anna.page)
  await anna.get(testids.backupOpen).click()
  await anna.get(testids.suggest).click()
  const passphrase = await anna.get(testids.suggestedPassphrase).innerText()
  await expect(anna.get(testids.backupCreate)).toBeDisabled()
  await anna.get(testids.noted).check()
  await isAccessible(anna.page)
  await pressAtOnce(anna.page, 'Cancel')
  await anna.get(testids.backupCreate).click()
  await expect(anna.page.getByText('Cancelled. Nothing was changed.')).toBeVisible()
  await expect(anna.get(testids.backupSave)).toHaveCount(0)

  await anna.get(testids.backupCreate).click()
  const file = info.outputPath('anna.backup')
  await downloadBackup(anna, file)
  await isAccessible(anna.page)
  const good = readFileSync(file)
  expect(good.includes('hello from')).toBe(false)

  const second = await again(anna)
  const { page } = second
  await second.login()
  await second.get(testids.identityRestore).click()
  await second.get(testids.restorePassphrase).fill(passphrase)
  await second.get(testids.restoreSubmit).click()
  await expect(page.getByText('Choose a backup file first.')).toBeVisible()
  const before = await second.stored()
  const changed = Buffer.from(good)
  changed[changed.length - 40] = (changed[changed.length - 40] ?? 0) ^ 1
  const damaged = 'This file is damaged or not a backup. Nothing was changed.'
  const wrong = 'That is not the passphrase of this backup. Nothing was changed.'
  for (const [name, buffer, words, complaint] of [
    ['holiday.jpg', Buffer.from('not a backup at all'), passphrase, [damaged]],
    ['empty.backup', Buffer.alloc(0), passphrase, [damaged]],
    ['cut.backup', good.subarray(0, good.length >> 1), passphrase, [damaged, wrong]],
    ['changed.backup', changed, passphrase, [damaged, wrong]],
    ['anna.backup', good, 'not the passphrase', [wrong]],
  ] as const) {
    await tryRestore(second, { name, mimeType: 'application/octet-stream', buffer }, words)
    await expect(page.getByRole('alert')).toHaveText(
      new RegExp(complaint.map((one) => one.replaceAll('.', '\\.')).join('|')),
    )
    expect(await second.stored()).toBe(before)
  }
  await isAccessible(page)

  await pressAtOnce(page, 'Cancel')
  await tryRestore(second, file, passphrase)
  await expect(page.getByRole('alert')).toHaveText('Cancelled. Nothing was changed.')
  expect(await second.stored()).toBe(before)
  await second.get(testids.restoreSubmit).click()
  await second.isOnline()
  await second.chatWith(bob.name)
  await second.hasReceived(['hello from bob'])
})
