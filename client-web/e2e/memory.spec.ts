import { expect, talking, test } from './support/fixtures'
import { heapStrings } from './support/heap'
import { testids } from './support/testids'

/** An access token, as the relay gives them. */
const TOKEN = /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/
const PASSPHRASE = 'quite a long one'

test('threat 28: locking wipes memory: no message, contact or key is left in the page', async ({
  person,
}) => {
  const [anna, bob] = await talking(person)
  const { page } = anna
  // Only ever typed and read on Bob's side: what Anna's page has of it came from her messages.
  const secret = `tell nobody ${crypto.randomUUID()}`
  await bob.write(secret)
  await bob.go('#/settings/account')
  const identity = await bob.page.getByText(/^[0-9A-HJKMNP-TV-Z]{53}$/).innerText()
  await expect(anna.get(testids.message)).toHaveCount(3)
  await anna.go('#/settings/privacy')
  await anna.get(testids.setPassphrase).click()
  await anna.get(testids.passphrase).fill(PASSPHRASE)
  await anna.get(testids.passphraseRepeat).fill(PASSPHRASE)
  await anna.get(testids.passphraseSubmit).click()
  await expect(page.getByText('Lock is on')).toBeVisible()
  // In the list, in the open chat, and in the index of the search.
  await anna.chatWith(bob.name)
  await page.getByRole('searchbox').fill('tell nobody')
  await expect(page.locator('mark').first()).toBeVisible()
  await page.getByRole('searchbox').fill('')
  expect(page.workers()).toHaveLength(1)
  const before = await heapStrings(page)
  expect(before).toContain(secret)
  expect(before).toContain(identity)
  expect(before).toMatch(TOKEN)

  await page.getByRole('button', { name: 'Lock now' }).click()
  await expect(anna.get(testids.unlockPassphrase)).toBeVisible()
  // The engine, with the sessions that were in its hands. The browser says a moment later that it has ended.
  await expect.poll(() => page.workers()).toEqual([])
  const after = await heapStrings(page)
  expect(after.includes(secret), 'the message').toBe(false)
  expect(after.includes(identity), 'the contact').toBe(false)
  expect(TOKEN.test(after), 'the session').toBe(false)
})
