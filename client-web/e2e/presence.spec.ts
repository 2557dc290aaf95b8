import { isAccessible } from './support/axe'
import { acquainted, expect, talking, test } from './support/fixtures'
import type { Person } from './support/person'
import { testids } from './support/testids'

const line = (person: Person, text: string) =>
  person.page.locator('[data-pane="main"] header').getByText(text, { exact: true })

/** From now on: whether this text was ever on the page. */
async function everShows(person: Person, text: string): Promise<() => Promise<boolean>> {
  await person.page.evaluate((wanted) => {
    const seen = (): boolean => document.body.innerText.includes(wanted)
    const state = { seen: seen() }
    Object.assign(window, { watched: state })
    new MutationObserver(() => (state.seen ||= seen())).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    })
  }, text)
  return () =>
    person.page.evaluate(() => (window as unknown as { watched: { seen: boolean } }).watched.seen)
}

const type = (person: Person, text: string) => person.get(testids.composer).pressSequentially(text)

test('contacts see each other online and writing, unless one of them would rather not', async ({
  person,
}) => {
  const [anna, bob] = await talking(person)
  await expect(line(anna, 'online')).toBeVisible()
  await expect(line(bob, 'online')).toBeVisible()
  await type(bob, 'I am wri')
  await expect(line(anna, 'typing…')).toBeVisible()
  await isAccessible(anna.page)
  await bob.get(testids.composer).fill('')
  await expect(line(anna, 'online')).toBeVisible()

  await bob.go('#/settings/privacy')
  await bob.toggle('Typing indicator', false)
  await bob.toggle('Online status', false)
  await isAccessible(bob.page)
  await expect(line(anna, 'online')).toHaveCount(0)
  const typed = await everShows(anna, 'typing…')
  await bob.chatWith(anna.name)
  await expect(line(bob, 'Not verified')).toBeVisible()
  await type(bob, 'in silence')
  await bob.page.keyboard.press('Enter')
  await anna.hasReceived(['hello from bob', 'in silence'])
  expect(await typed()).toBe(false)

  await bob.go('#/settings/privacy')
  await bob.toggle('Online status', true)
  await expect(line(anna, 'online')).toBeVisible()
  // For one person alone.
  await bob.chatWith(anna.name)
  await expect(line(bob, 'online')).toBeVisible()
  await bob.contactPage(anna.name)
  await bob.toggle('Online status', false)
  await expect(line(anna, 'online')).toHaveCount(0)
  await expect(line(bob, 'online')).toHaveCount(0)
  await bob.toggle('Online status', true)
  await expect(line(anna, 'online')).toBeVisible()
  await bob.leave()
  await expect(line(anna, 'online')).toHaveCount(0)
})

test('who was not accepted sees nobody online; acceptance shows both', async ({ person }) => {
  const [anna, bob] = await Promise.all([person('anna'), person('bob')])
  await anna.add(await bob.code())
  const seen = await everShows(anna, '\nonline')
  await anna.write('may I?')
  await bob.go('#/requests')
  await expect(bob.get(testids.requestItem)).toBeVisible()
  expect(await seen()).toBe(false)
  await expect(line(anna, 'Not verified')).toBeVisible()
  await bob.acceptRequestOf(anna.name)
  await expect(line(anna, 'online')).toBeVisible()
  await expect(line(bob, 'online')).toBeVisible()
})

test('without read receipts the other one learns of delivery only, and so do I', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  await bob.go('#/settings/privacy')
  await bob.toggle('Read receipts', false)
  await bob.chatWith(anna.name)
  await anna.write('first')
  await bob.hasReceived(['first'])
  await anna.hasStatuses('delivered', 1)
  await bob.write('an answer shows that it was read')
  await anna.hasReceived(['an answer shows that it was read'])
  // Receipts of one contact leave in their order: what follows would have brought it.
  await anna.write('second')
  await bob.hasReceived(['first', 'second'])
  await anna.hasStatuses('delivered', 2)
  await bob.hasStatuses('delivered', 1)
  await anna.hasStatuses('read', 0)
  await bob.hasStatuses('read', 0)
})
