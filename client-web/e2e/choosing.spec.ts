/** Several messages are chosen, and copied, forwarded or deleted together. */
import { isAccessible } from './support/axe'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

test('messages are chosen by pointer and by keyboard, copied, and the choice ends', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  await anna.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await anna.write('one', 'two', 'three')
  await bob.hasReceived(['one', 'two', 'three'])
  await bob.write('four')
  await anna.hasReceived(['four'])
  const { page } = anna
  const box = (text: string) => page.getByRole('checkbox', { name: `: ${text}` })

  await anna.choose(await anna.bubble('three'), 'Select')
  await expect(box('three')).toBeChecked()
  await expect(box('three')).toBeFocused()
  await expect(anna.get(testids.composer)).toHaveCount(0)
  await (await anna.bubble('four')).click()
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  await expect(box('two')).toBeFocused()
  await page.keyboard.press('Space')
  await expect(anna.get('selection-bar')).toContainText('3 selected')
  await isAccessible(page)
  await box('three').click()
  await expect(box('three')).not.toBeChecked()
  await anna.get('selection-copy').click()
  await expect(anna.get(testids.composer)).toBeVisible()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(copied.split('\n')).toEqual([
    expect.stringMatching(new RegExp(`^\\[.+\\] ${anna.name}: two$`)),
    expect.stringMatching(new RegExp(`^\\[.+\\] ${bob.name}: four$`)),
  ])

  await anna.choose(await anna.bubble('one'), 'Select')
  await expect(box('one')).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(anna.get('selection-bar')).toHaveCount(0)
})

test('messages are forwarded to several chats, and deleted for everyone', async ({ person }) => {
  const [anna, bob] = await acquainted(person)
  const cara = await person('cara')
  await anna.add(await cara.code())
  await cara.add(await anna.code())
  await anna.chatWith(bob.name)
  await anna.write('Meet me at seven', 'by the river')
  await bob.hasReceived(['Meet me at seven', 'by the river'])

  await anna.choose(await anna.bubble('seven'), 'Select')
  await (await anna.bubble('river')).click()
  await anna.get('selection-forward').click()
  await isAccessible(anna.page)
  await anna.get('forward-search').fill(cara.name)
  await anna.get('forward-target').click()
  await anna.get('forward-search').fill('note')
  await anna.get('forward-target').click()
  await anna.get('forward-send').click()
  await expect(anna.page.getByText('Forwarded to 2 chats')).toBeVisible()
  await expect(anna.get('selection-bar')).toHaveCount(0)
  await cara.hasReceived(['Meet me at seven', 'by the river'])

  // To one chat, which opens.
  await anna.choose(await anna.bubble('river'), 'Forward')
  await anna.get('forward-target').filter({ hasText: cara.name }).click()
  await anna.get('forward-send').click()
  await cara.hasReceived(['Meet me at seven', 'by the river', 'by the river'])
  await expect(anna.page.getByRole('heading', { name: cara.name })).toBeVisible()

  await anna.chatWith(bob.name)
  await anna.choose(await anna.bubble('seven'), 'Select')
  await (await anna.bubble('river')).click()
  await anna.get('selection-delete').click()
  await expect(anna.page.getByRole('dialog')).toContainText('Delete 2 messages?')
  await anna.confirm('Delete for everyone')
  await expect(bob.get('deleted')).toHaveCount(2)
  await expect(anna.get('selection-bar')).toHaveCount(0)
})

test('a message is starred and found in the lists, and pinned ones are shown above the chat', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  await bob.write('The key is under the blue pot', 'See you')
  await anna.hasReceived(['The key is under the blue pot', 'See you'])
  const { page } = anna

  await anna.choose(await anna.bubble('blue pot'), 'Star')
  await expect((await anna.bubble('blue pot')).getByTestId('starred')).toBeVisible()
  await anna.choose(await anna.bubble('blue pot'), 'Pin')
  await anna.choose(await anna.bubble('See you'), 'Pin')
  await expect(anna.get('pinned-bar')).toContainText('Pinned message 1 of 2')
  await expect(anna.get('pinned-bar')).toContainText('See you')
  await isAccessible(page)
  const bar = anna.get('pinned-bar').getByRole('button').first()
  await bar.click()
  await expect(await anna.bubble('See you')).toHaveClass(/is-flash/)
  await expect(anna.get('pinned-bar')).toContainText('blue pot')
  await bar.click()
  await expect(await anna.bubble('blue pot')).toHaveClass(/is-flash/)
  await page.getByRole('button', { name: 'Pinned message: more' }).click()
  await page.getByRole('menuitem', { name: 'Unpin' }).click()
  await expect(anna.get('pinned-bar')).toContainText('blue pot')

  await anna.contactPage(bob.name)
  await anna.get('starred-of-chat').click()
  await expect(anna.get('starred-item')).toContainText('blue pot')
  await isAccessible(page)
  await anna.get('starred-item').click()
  await expect(await anna.bubble('blue pot')).toHaveClass(/is-flash/)
  await anna.go('#/settings')
  await anna.get('starred-open').click()
  await anna.get('unstar').click()
  await expect(page.getByText('No starred messages')).toBeVisible()

  // It goes from the bar with the message.
  await anna.chatWith(bob.name)
  await bob.choose(await bob.bubble('blue pot'), 'Delete')
  await bob.confirm('Delete for everyone')
  await expect(anna.get('pinned-bar')).toHaveCount(0)
})
