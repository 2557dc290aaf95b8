import { isAccessible } from './support/axe'
import { expect, talking, test } from './support/fixtures'
import type { Person } from './support/person'
import { testids } from './support/testids'

const PASSPHRASE = 'quite a long one'

async function unlock(person: Person, passphrase: string): Promise<void> {
  await person.get(testids.unlockPassphrase).fill(passphrase)
  await person.get(testids.unlock).click()
}

async function isLocked(person: Person, secrets: string[]): Promise<void> {
  await expect(person.get(testids.unlockPassphrase)).toBeVisible()
  await expect(person.page.locator('.shell')).toHaveCount(0)
  const held = await person.holds()
  expect(secrets.filter((secret) => held.includes(secret))).toEqual([])
}

test('a passphrase seals this device: asked for at the start, by hand and after a while', async ({
  person,
}) => {
  const [anna, bob] = await talking(person)
  const { page } = anna
  const secrets = ['hello from', bob.name]

  await anna.go('#/settings/privacy')
  await anna.get(testids.setPassphrase).click()
  await anna.get(testids.passphrase).fill('short')
  await anna.get(testids.passphraseRepeat).fill('short')
  await expect(anna.get(testids.passphraseSubmit)).toBeDisabled()
  await anna.get(testids.passphrase).fill(PASSPHRASE)
  await anna.get(testids.passphraseRepeat).fill(PASSPHRASE)
  await isAccessible(page)
  await anna.get(testids.passphraseSubmit).click()
  await expect(page.getByText('Lock is on')).toBeVisible()
  await page.getByRole('radio', { name: 'After 1 minute' }).click()
  await isAccessible(page)

  // From here the test says how late it is.
  await page.clock.install()
  await page.reload()
  await isLocked(anna, secrets)
  await unlock(anna, 'not the passphrase')
  await expect(page.getByRole('alert')).toHaveText('That is not the passphrase.')
  await isAccessible(page)
  await isLocked(anna, secrets)
  await unlock(anna, PASSPHRASE)
  await anna.isOnline()
  await anna.chatWith(bob.name)
  await anna.hasReceived(['hello from bob'])

  await anna.get(testids.composer).fill('a draft that nobody else may see')
  await page.getByRole('button', { name: 'Lock now' }).click()
  await isLocked(anna, [...secrets, 'a draft that'])
  await bob.write('while you were away')
  await bob.hasStatuses('accepted', 1)
  await unlock(anna, PASSPHRASE)
  await anna.isOnline()
  await anna.chatWith(bob.name)
  await anna.hasReceived(['hello from bob', 'while you were away'])
  await expect(anna.get(testids.composer)).toHaveValue('a draft that nobody else may see')

  // Whoever uses it is not locked out.
  await page.clock.fastForward('00:50')
  await page.keyboard.press('Shift')
  await page.clock.fastForward('00:50')
  await anna.isOnline()
  await page.clock.fastForward('01:20')
  await isLocked(anna, secrets)
  await unlock(anna, PASSPHRASE)
  await anna.isOnline()
})

test('the lock is taken away only by who knows the passphrase; a forgotten one costs the device', async ({
  person,
}) => {
  const anna = await person('anna')
  const { page } = anna
  await anna.go('#/settings/privacy')
  await anna.get(testids.setPassphrase).click()
  await anna.get(testids.suggest).click()
  const suggested = await anna.get(testids.suggestedPassphrase).innerText()
  expect(suggested.split('-').length).toBeGreaterThanOrEqual(6)
  await expect(anna.get(testids.passphraseSubmit)).toBeDisabled()
  await anna.get(testids.noted).check()
  await anna.get(testids.passphraseSubmit).click()
  await expect(page.getByText('Lock is on')).toBeVisible()

  const dialog = page.getByRole('dialog')
  const remove = { name: 'Remove passphrase' }
  await page.getByRole('button', remove).click()
  await dialog.getByLabel('Current passphrase').fill('not the passphrase')
  await dialog.getByRole('button', remove).click()
  await expect(dialog.getByRole('alert')).toHaveText('That is not the passphrase.')
  await isAccessible(page)
  await dialog.getByLabel('Current passphrase').fill(suggested)
  await dialog.getByRole('button', remove).click()
  await expect(dialog).toHaveCount(0)
  await page.reload()
  await anna.isOnline()

  await anna.get(testids.setPassphrase).click()
  await anna.get(testids.passphrase).fill(PASSPHRASE)
  await anna.get(testids.passphraseRepeat).fill(PASSPHRASE)
  await anna.get(testids.passphraseSubmit).click()
  await expect(page.getByText('Lock is on')).toBeVisible()
  await page.reload()
  await page.getByText('Forgot it?').click()
  await isAccessible(page)
  await page.getByRole('button', { name: 'Erase this device' }).click()
  await anna.confirm('Erase this device')
  await expect(anna.get(testids.username)).toBeVisible()
  expect(await anna.stored()).toBe(0)
})
