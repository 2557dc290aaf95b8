import { isAccessible } from './support/axe'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

test('an invite link opens the app with the code; nickname, pin, mute, mark and notes from the menus', async ({
  person,
}) => {
  const [anna, bob, cara] = [...(await acquainted(person)), await person('cara')]
  await cara.go('#/add/code')
  const link = (await cara.get(testids.copyLink).getAttribute('data-link')) ?? ''
  expect(link).toMatch(/^http.*\/#\/add\/@cara_\w+#[0-9A-Z]{8}$/)
  await anna.page.goto(link)
  await expect(anna.get(testids.addContactCode)).toHaveValue(/^@cara_\w+#[0-9A-Z]{8}$/)
  await anna.get(testids.addContactSubmit).click()
  await expect(anna.get(testids.composer)).toBeVisible()

  await anna.go('#/chats')
  await anna.row(bob.name).click()
  await anna.contactPage(bob.name)
  await anna.get(testids.nicknameOpen).click()
  await anna.get(testids.nickname).fill('Bobby')
  await isAccessible(anna.page)
  await anna.get(testids.nicknameSave).click()
  await expect(anna.row(bob.name)).toContainText('Bobby')

  const first = anna.get(testids.conversationItem).first()
  await anna.go('#/chats')
  await anna.choose(anna.row(cara.name), 'Pin')
  await expect(first).toHaveAttribute('data-username', cara.name)
  await anna.choose(anna.row(bob.name), 'Mute')
  await isAccessible(anna.page)
  await anna.page.getByRole('button', { name: '8 hours' }).click()
  await expect(anna.row(bob.name).getByLabel('Muted')).toBeVisible()
  await anna.choose(anna.row(bob.name), 'Mark as unread')
  await expect(anna.row(bob.name)).toContainText('Marked as unread')

  await anna.go('#/add/enter')
  await anna.get(testids.notesOpen).click()
  await anna.write('milk')
  await anna.bubble('milk')
  await isAccessible(anna.page)
  await anna.page.reload()
  await expect(anna.row(anna.name)).toContainText('Note to self')
  await expect(anna.row(anna.name)).toContainText('milk')
  await expect(anna.row(bob.name)).toContainText('Bobby')
})
