import { acquainted, expect, test } from './support/fixtures'
import { PASSWORD, Person } from './support/person'
import { testids } from './support/testids'

const PASSPHRASE = 'seven plain words for a backup'

test('a backup restored in another browser: history, no warning, both devices get everything', async ({
  person,
  browser,
  relay,
}, info) => {
  const [anna, bob] = await acquainted(person)
  await anna.write('before the backup')
  await bob.hasReceived(['before the backup'])

  await anna.go('#/settings/backup')
  await anna.get(testids.backupOpen).click()
  await anna.get(testids.passphrase).fill(PASSPHRASE)
  await anna.get(testids.passphraseRepeat).fill(PASSPHRASE)
  await anna.get(testids.backupCreate).click()
  const download = anna.page.waitForEvent('download')
  await anna.get(testids.backupSave).click()
  const file = info.outputPath('anna.backup')
  await (await download).saveAs(file)

  const second = await Person.again(browser, relay.url, anna.name)
  await second.login()
  await second.get(testids.identityRestore).click()
  await second.get(testids.restoreFile).setInputFiles(file)
  await second.get(testids.restorePassphrase).fill('not the passphrase')
  await second.get(testids.restoreSubmit).click()
  await expect(second.page.getByRole('alert')).toBeVisible()
  await second.get(testids.restorePassphrase).fill(PASSPHRASE)
  await second.get(testids.restoreSubmit).click()
  await second.isOnline()
  await second.chatWith(bob.name)
  await expect.poll(async () => (await second.messages()).length).toBe(1)

  await bob.write('for both devices')
  await anna.chatWith(bob.name)
  await anna.hasReceived(['for both devices'])
  await second.hasReceived(['for both devices'])
  await second.write('from the second device')
  await bob.hasReceived(['before the backup', 'from the second device'])
  await expect.poll(async () => (await anna.messages('out')).length).toBe(2)
  expect(await bob.page.getByTestId(testids.keyChange).count()).toBe(0)
  expect(second.complaints).toEqual([])
  await second.leave()
})

test('signing out erases; logging in without a backup warns the contact, who accepts', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  await anna.write('under the old key')
  await bob.hasReceived(['under the old key'])
  await anna.go('#/settings/account')
  await anna.get(testids.logout).click()
  await anna.page
    .getByRole('dialog')
    .getByRole('button', { name: /sign out|log out/i })
    .click()
  await expect(anna.get(testids.username)).toBeVisible()
  await anna.login(PASSWORD)
  await anna.get(testids.identityReplace).click()
  const confirm = anna.page.getByRole('dialog').getByRole('button', { name: /new key|start/i })
  if (await confirm.count()) await confirm.click()
  await anna.isOnline()

  await bob.write('is it still you?')
  await expect(bob.get(testids.keyChange)).toBeVisible()
  await bob.hasStatuses('waiting', 1)
  await bob.get(testids.acceptKey).click()
  const accept = bob.page.getByRole('dialog').getByRole('button', { name: /accept/i })
  if (await accept.count()) await accept.click()
  await bob.hasStatuses('waiting', 0)
  await anna.acceptRequestOf(bob.name)
  await anna.hasReceived(['is it still you?'])
})
