import { isAccessible } from './support/axe'
import { acquainted, expect, test } from './support/fixtures'
import { PASSWORD } from './support/person'
import { testids } from './support/testids'

/** From the picture of the code to the chats of the new device. */
const MOST_SECONDS = 20

test('a new device is linked by its code: account and history come, the old one is not asked', async ({
  person,
  again,
}, info) => {
  const [anna, bob] = await acquainted(person)
  for (const text of ['one', 'two', 'three']) await anna.write(text)
  await bob.hasReceived(['one', 'two', 'three'])

  const fresh = await again(anna)
  await fresh.open()
  await fresh.get(testids.linkOpen).click()
  const picture = fresh.get(testids.linkCode)
  await expect(picture).toBeVisible()
  const begun = performance.now()
  await isAccessible(fresh.page)
  const code = await picture.getAttribute('data-code')

  await anna.go('#/settings/devices')
  await anna.get(testids.linkDevice).click()
  await anna.page.getByRole('button', { name: 'Paste the code' }).click()
  await anna.get(testids.linkPaste).fill(code ?? '')
  await anna.get(testids.linkJoin).click()
  await expect(fresh.get(testids.linkDigits)).toBeVisible()
  await isAccessible(fresh.page)
  const digits = (await fresh.get(testids.linkDigits).innerText()).replaceAll(/\D/g, '')
  await anna.get(testids.linkDigitsField).fill(digits)
  await isAccessible(anna.page)
  await anna.get(testids.linkPassword).fill(PASSWORD)
  await anna.get(testids.linkConfirm).click()
  await fresh.isOnline()
  await fresh.chatWith(bob.name)
  await expect.poll(async () => (await fresh.messages('out')).length).toBe(3)
  const seconds = (performance.now() - begun) / 1000
  info.annotations.push({ type: 'linked', description: `${seconds.toFixed(1)} s` })
  expect(seconds).toBeLessThan(MOST_SECONDS)

  await expect(anna.get(testids.linkDone)).toContainText(`${digits} on both devices`)
  await anna.page.getByRole('button', { name: 'Close' }).first().click()
  await expect(anna.page.getByText(/Device 2 · Last used/)).toBeVisible()
  await expect(anna.get(testids.newDevice)).toHaveCount(0)

  await bob.write('for both devices')
  await fresh.hasReceived(['for both devices'])
  await fresh.write('from the new one')
  await bob.hasReceived(['one', 'two', 'three', 'from the new one'])
  await expect(bob.get(testids.keyChange)).toHaveCount(0)
})
