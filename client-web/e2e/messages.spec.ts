import { isAccessible } from './support/axe'
import { acquainted, expect, talking, test } from './support/fixtures'
import { testids } from './support/testids'

test('a message is answered, copied, looked into and deleted from its menu', async ({ person }) => {
  const [anna, bob] = await talking(person)
  const { page } = anna
  await anna.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const theirs = page.locator('[data-direction="in"]').filter({ hasText: 'hello from bob' })
  await anna.choose(theirs, 'Reply')
  await expect(page.getByText(`Replying to ${bob.name}`)).toBeVisible()
  await isAccessible(page)
  await anna.write('and to you')
  const answer = await bob.bubble('and to you')
  await expect(answer).toContainText('hello from bob')
  await answer.getByRole('button', { name: /hello from bob/ }).click()
  await isAccessible(bob.page)

  await anna.choose(theirs, 'Copy text')
  await expect(page.getByText('Copied')).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('hello from bob')

  const mine = await anna.bubble('and to you')
  await expect(mine).toHaveAttribute('data-status', 'read')
  await anna.choose(mine, 'Message details')
  const dialog = page.getByRole('dialog')
  for (const step of ['Sent', 'Accepted by the server', 'Delivered', 'Read']) {
    await expect(dialog.getByText(step, { exact: true })).toBeVisible()
  }
  await expect(dialog).toContainText('Sealed on this device')
  await expect(dialog).toContainText('The key was not verified at that time.')
  await isAccessible(page)
  await page.keyboard.press('Escape')

  await anna.choose(mine, 'Delete')
  await expect(dialog).toContainText('It is erased from all your devices.')
  await isAccessible(page)
  await dialog.getByRole('button', { name: 'Delete for me' }).click()
  await expect(mine).toHaveCount(0)
  await page.reload()
  await anna.isOnline()
  await expect(theirs).toBeVisible()
  await expect(mine).toHaveCount(0)
  await expect(answer).toBeVisible()
})

test('search finds people and words, and jumps to the message', async ({ person }) => {
  const [anna, bob] = await acquainted(person)
  const { page } = anna
  await page.setViewportSize({ width: 1280, height: 700 })
  const filler = Array.from({ length: 24 }, (_, i) => `line ${i + 1}\nof a long\nconversation`)
  await anna.write('The Marmalade is in the cellar', ...filler)
  await anna.hasStatuses('waiting', 0)
  const found = anna.page.getByTestId(testids.message).filter({ hasText: 'Marmalade' })
  await expect(found).toHaveCount(0)
  const search = page.getByRole('searchbox')
  await search.fill('marmalade')
  await expect(page.locator('mark')).toHaveText('Marmalade')
  await isAccessible(page)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(found).toBeInViewport()
  await search.fill(bob.name.slice(0, 5))
  await expect(page.getByRole('heading', { name: 'People' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(search).toHaveValue('')
})

test('everything needed for writing works without a mouse', async ({ person }) => {
  const [anna, bob, carol] = await Promise.all([person('anna'), person('bob'), person('carol')])
  for (const friend of [bob, carol]) await anna.add(await friend.code())
  const { page } = anna
  const { keyboard } = page
  await anna.go('#/chats')
  await page.reload()
  await anna.isOnline()
  await keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'Skip to content' })).toBeFocused()

  const search = page.getByRole('searchbox')
  for (
    let i = 0;
    i < 10 && !(await search.evaluate((one) => one === document.activeElement));
    i++
  ) {
    await keyboard.press('Tab')
  }
  await expect(search).toBeFocused()
  for (const [friend, text] of [
    [bob, 'typed for bob'],
    [carol, 'typed for carol'],
  ] as const) {
    // From the composer back to the search, or already there.
    await search.focus()
    await keyboard.type(friend.name)
    await expect(page.getByRole('heading', { name: 'People' })).toBeVisible()
    await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
    const composer = page.getByRole('textbox', { name: `Message to ${friend.name}` })
    await expect(composer).toBeFocused()
    await keyboard.type(text)
    await keyboard.press('Enter')
    await expect(anna.get(testids.message)).toContainText([text])
    // Until the relay took it, this device's clock gives it its place in the list.
    await anna.hasStatuses('accepted', 1)
    await search.focus()
    await keyboard.press('Escape')
  }
  await isAccessible(page)

  // Between the chats with the arrows alone.
  await keyboard.press('ArrowDown')
  await expect(anna.row(carol.name)).toBeFocused()
  await keyboard.press('ArrowDown')
  await expect(anna.row(bob.name)).toBeFocused()
  await keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: `Message to ${bob.name}` })).toBeFocused()
  await expect(anna.get(testids.message)).toContainText(['typed for bob'])
  // Past the buttons that stand before the field.
  const message = anna.get(testids.message).last()
  const reached = () => message.evaluate((one) => one.contains(document.activeElement))
  for (let i = 0; i < 5 && !(await reached()); i++) await keyboard.press('Shift+Tab')
  await keyboard.press('ContextMenu')
  await expect(page.getByRole('menuitem', { name: 'Reply' })).toBeFocused()
  await keyboard.press('Escape')
  await bob.acceptRequestOf(anna.name)
  await bob.hasReceived(['typed for bob'])
})
