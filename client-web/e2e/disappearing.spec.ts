/** Two people let their messages disappear. */
import { isAccessible } from './support/axe'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

test('a message of five seconds goes for its sender, then for who read it; turned off, messages stay', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  await anna.page.locator('[data-pane="main"]').getByRole('button', { name: 'More' }).click()
  await anna.page.getByRole('menuitem', { name: 'Disappearing messages' }).click()
  const dialog = anna.page.getByRole('dialog')
  await dialog.getByRole('radio', { name: 'Custom time' }).click()
  await dialog.getByTestId('timer-count').fill('4')
  await dialog.getByTestId('timer-unit').selectOption('second')
  await dialog.getByTestId('timer-save').click()
  await expect(dialog.getByRole('alert')).toContainText('5 seconds')
  await isAccessible(anna.page)
  await dialog.getByTestId('timer-count').fill('5')
  await dialog.getByTestId('timer-save').click()
  await expect(dialog).toHaveCount(0)
  const told = (which: typeof anna) => which.page.locator('[data-notice="timer"]')
  await expect(told(anna)).toHaveText('You set messages to disappear after 5 seconds.')
  await expect(told(bob)).toHaveText(`${anna.name} set messages to disappear after 5 seconds.`)
  for (const one of [anna, bob]) await expect(one.get('chat-timer')).toBeVisible()

  await anna.write('Burn after reading')
  await bob.hasReceived(['Burn after reading'])
  await expect((await bob.bubble('Burn')).getByTestId('disappears')).toBeVisible()
  await isAccessible(bob.page)
  for (const one of [anna, bob]) {
    await expect(one.get(testids.message).filter({ hasText: 'Burn' })).toHaveCount(0)
    await one.page.reload()
    await one.isOnline()
    await expect(told(one)).toBeVisible()
    await expect(one.page.getByText('Burn')).toHaveCount(0)
  }

  await bob.contactPage(anna.name)
  await bob.get('timer-open').click()
  await bob.page.getByRole('radio', { name: 'Off' }).click()
  await bob.get('timer-save').click()
  await expect(told(anna).last()).toHaveText(`${bob.name} turned off disappearing messages.`)
  await expect(anna.get('chat-timer')).toHaveCount(0)
  await anna.write('This stays')
  await expect((await anna.bubble('stays')).getByTestId('disappears')).toHaveCount(0)
})
