import { isAccessible } from './support/axe'
import { joinBy, saveBackup } from './support/backups'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

const PASSPHRASE = 'seven plain words for a backup'

test('a backup restored in another browser: history, no warning, both devices get everything', async ({
  person,
  again,
}, info) => {
  const [anna, bob] = await acquainted(person)
  await anna.write('before the backup')
  await bob.hasReceived(['before the backup'])
  const file = info.outputPath('anna.backup')
  await saveBackup(anna, PASSPHRASE, file)

  const second = await again(anna)
  await joinBy(second, file, PASSPHRASE)
  await second.chatWith(bob.name)
  await expect.poll(async () => (await second.messages()).length).toBe(1)

  // The first device asks whether it is one's own, also after a reload.
  await expect(anna.get(testids.newDevice)).toContainText(/\w+ on \w+/)
  await anna.page.reload()
  await expect(anna.get(testids.newDevice)).toContainText('Device 2')
  await isAccessible(anna.page)
  await anna.get(testids.newDeviceMine).click()
  await expect(anna.get(testids.newDevice)).toHaveCount(0)
  await anna.go('#/settings/security')
  await expect(anna.page.getByText('Log-in to your account')).toHaveCount(2)

  await bob.write('for both devices')
  await anna.chatWith(bob.name)
  await anna.hasReceived(['for both devices'])
  await second.hasReceived(['for both devices'])
  await second.write('from the second device')
  await bob.hasReceived(['before the backup', 'from the second device'])
  await expect.poll(async () => (await anna.messages('out')).length).toBe(2)
  await expect(bob.get(testids.keyChange)).toHaveCount(0)
  await isAccessible(second.page)

  // A deletion on one device reaches the other.
  await anna.choose(await anna.bubble('from the second device'), 'Delete')
  await anna.confirm('Delete for me')
  await expect.poll(async () => (await second.messages('out')).length).toBe(1)
  expect((await anna.messages('out')).length).toBe(1)

  // One that signs out is closed at the relay: the other no longer lists it, nor writes to it.
  await second.go('#/settings/account')
  await second.get(testids.logout).click()
  await second.confirm('Sign out')
  await expect(second.get(testids.username)).toBeVisible()
  await anna.go('#/settings/devices')
  await expect(anna.page.getByText('Log-in sessions')).toBeVisible()
  await expect(anna.page.getByText('Device 2')).toHaveCount(0)
  await expect(anna.page.getByText('This device', { exact: true })).toHaveCount(2)
  await bob.write('for the one that is left')
  await anna.chatWith(bob.name)
  await anna.hasReceived(['for both devices', 'for the one that is left'])
})

test('signing out erases; logging in without a backup warns the contact, who accepts', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  await anna.write('under the old key')
  await bob.hasReceived(['under the old key'])
  // His receipt, sent to her new key, would tell him of it before he writes.
  await anna.hasStatuses('read', 1)
  await anna.go('#/settings/account')
  await anna.get(testids.logout).click()
  await anna.confirm('Sign out')
  await expect(anna.get(testids.username)).toBeVisible()
  expect(await anna.holds()).not.toContain('under the old key')
  expect(await anna.stored()).toBe(0)
  await anna.login()
  await anna.get(testids.identityReplace).click()
  await anna.confirm('Start with new keys')
  await anna.isOnline()

  await bob.send('is it still you?')
  await expect(bob.get(testids.keyChange)).toBeVisible()
  await bob.hasStatuses('waiting', 1)
  await isAccessible(bob.page)
  await bob.get(testids.acceptKey).click()
  await bob.confirm('Accept new key')
  await bob.hasStatuses('waiting', 0)
  await anna.acceptRequestOf(bob.name)
  await anna.hasReceived(['is it still you?'])
})
