import { isAccessible } from './support/axe'
import { joinBy, saveBackup } from './support/backups'
import { expect, talking, test } from './support/fixtures'
import { PASSWORD, type Person } from './support/person'
import { testids } from './support/testids'

const PASSPHRASE = 'seven plain words for a backup'

// The last long file: its tests run side by side, lest one worker has both while the others have nothing.
test.describe.configure({ mode: 'parallel' })

/** The welcome screen says why, and nothing of the account can be read there. */
async function wasEnded(person: Person, why: string | RegExp, secret: string): Promise<void> {
  await expect(person.get(testids.submitLogin)).toBeVisible()
  await expect(person.page.getByText(why)).toBeVisible()
  expect(await person.holds()).not.toContain(secret)
}

test('two devices: both are listed, either ends the other, and the one that was ended says why', async ({
  person,
  again,
}, info) => {
  const [anna, bob] = await talking(person)
  const file = info.outputPath('anna.backup')
  await saveBackup(anna, PASSPHRASE, file)
  const second = await again(anna)
  await joinBy(second, file, PASSPHRASE)

  await anna.get(testids.newDeviceMine).click()
  await second.go('#/settings/devices')
  const { page } = second
  const main = page.locator('[data-pane="main"]')
  await expect(main.getByText('Device 1')).toHaveCount(2)
  await expect(main.getByText('This device')).toHaveCount(2)
  await isAccessible(page)

  // A remote sign-out: at once, with words; what lies on the device stays sealed until it is erased.
  await main.getByRole('button', { name: 'Sign out' }).click()
  await isAccessible(page)
  await second.confirm('Sign out')
  await wasEnded(anna, 'This session was signed out from another device.', 'hello from bob')
  await expect(main.getByText('Device 1')).toHaveCount(1)
  await isAccessible(anna.page)
  await anna.get(testids.password).fill(PASSWORD)
  await anna.get(testids.submitLogin).click()
  await anna.isOnline()
  await anna.chatWith(bob.name)
  await anna.hasReceived(['hello from bob'])

  await second.go('#/chats')
  await second.go('#/settings/devices')
  await main.getByRole('button', { name: 'Remove device' }).click()
  await second.confirm('Remove device')
  await expect(main.getByText('Device 1')).toHaveCount(0)
  await wasEnded(anna, 'This session was signed out from another device.', 'hello from bob')
  await anna.page.getByRole('button', { name: 'Use another account' }).click()
  await anna.confirm('Erase this device')
  await expect(anna.get(testids.switchMode)).toBeVisible()
  await expect(anna.get(testids.username)).toHaveValue('')
  expect(await anna.stored()).toBe(0)

  await second.chatWith(bob.name)
  await second.write('only this one is left')
  await bob.hasReceived(['hello from anna', 'only this one is left'])
  await bob.write('seen')
  await second.hasReceived(['hello from bob', 'seen'])
})

test('a new password ends the other sessions; deleting the account needs it, and tells who writes', async ({
  person,
  again,
}, info) => {
  const [anna, bob] = await talking(person)
  const file = info.outputPath('anna.backup')
  await saveBackup(anna, PASSPHRASE, file)
  const second = await again(anna)
  await joinBy(second, file, PASSPHRASE)

  await anna.get(testids.newDeviceMine).click()
  const next = 'another horse battery'
  const { page } = anna
  await anna.go('#/settings/account')
  const change = page.getByRole('button', { name: 'Change password' })
  await page.getByLabel('Current password').fill('not the password')
  await page.getByLabel('New password').fill('short')
  await change.click()
  await expect(page.getByRole('alert')).toHaveText('Use 10 to 256 characters.')
  await page.getByLabel('New password').fill(next)
  await change.click()
  await expect(page.getByRole('alert')).toHaveText('That is not your password.')
  await second.isOnline()
  await isAccessible(page)
  await page.getByLabel('Current password').fill(PASSWORD)
  await change.click()
  await expect(page.getByText('Password changed.')).toBeVisible()
  await wasEnded(second, 'This session was signed out from another device.', 'hello from bob')
  await anna.isOnline()
  await second.get(testids.password).fill(PASSWORD)
  await second.get(testids.submitLogin).click()
  await expect(second.page.getByRole('alert')).toHaveText('User name and password do not fit.')
  await second.get(testids.password).fill(next)
  await second.get(testids.submitLogin).click()
  await second.isOnline()

  const dialog = page.getByRole('dialog')
  await anna.get(testids.deleteAccount).click()
  await anna.get(testids.deletePassword).fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Delete for good' }).click()
  await expect(dialog.getByRole('alert')).toHaveText('That is not your password.')
  await isAccessible(page)
  await anna.get(testids.deletePassword).fill(next)
  await dialog.getByRole('button', { name: 'Delete for good' }).click()
  await expect(anna.get(testids.submitRegister)).toBeVisible()
  expect(await anna.stored()).toBe(0)
  await expect(anna.page.getByText('This account was deleted.')).toBeVisible()
  await expect(second.page.getByText('This account was deleted.')).toBeVisible()
  expect(await second.stored()).toBe(0)

  await bob.write('are you there?')
  const undelivered = await bob.bubble('are you there?')
  await expect(undelivered).toContainText('This account no longer exists')
  await bob.hasStatuses('waiting', 1)
  await isAccessible(bob.page)
})
