/** Two people take words back, and put emoji to them. */
import { isAccessible } from './support/axe'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

test('a message is edited, gets a reaction from the picker, and is deleted for everyone', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  await anna.write('Meet me at sevn')
  await bob.hasReceived(['Meet me at sevn'])

  await anna.choose(await anna.bubble('sevn'), 'Edit')
  await expect(anna.get(testids.composer)).toHaveValue('Meet me at sevn')
  await anna.send('Meet me at seven')
  await bob.hasReceived(['Meet me at seven'])
  await expect(anna.get(testids.composer)).toHaveValue('')
  const theirs = await bob.bubble('seven')
  await theirs.getByTestId('edited').click()
  const dialog = bob.page.getByRole('dialog')
  await expect(dialog).toContainText('Meet me at sevn')
  await isAccessible(bob.page)
  await bob.page.keyboard.press('Escape')

  await theirs.click({ button: 'right' })
  await bob.page.getByTestId('quick-reaction').first().click()
  const mine = await anna.bubble('seven')
  await expect(mine.getByTestId('reactions')).toContainText('👍')
  await theirs.click({ button: 'right' })
  await bob.page.getByTestId('more-emoji').click()
  await bob.page.getByTestId('emoji-search').fill('part popp')
  await bob.page.getByRole('button', { name: 'party popper' }).waitFor()
  await bob.page.keyboard.press('Enter')
  await expect(mine.getByTestId('reactions')).toContainText('🎉')
  await expect(mine.getByTestId('reactions')).not.toContainText('👍')

  await anna.choose(mine, 'Delete')
  await isAccessible(anna.page)
  await anna.confirm('Delete for everyone')
  await expect(bob.get('deleted')).toHaveText('This message was deleted')
  await bob.page.reload()
  await bob.isOnline()
  await expect(bob.get('deleted')).toHaveText('This message was deleted')
  await expect(bob.page.getByText('seven')).toHaveCount(0)
})
