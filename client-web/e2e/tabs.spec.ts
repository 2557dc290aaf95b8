import { isAccessible } from './support/axe'
import { expect, talking, test } from './support/fixtures'
import { Sent } from './support/frames'
import { testids } from './support/testids'

test('threat 30: one tab leads, the other one takes over when asked; nothing comes twice, no key is used twice', async ({
  person,
}) => {
  const [first, bob] = await talking(person)
  const sent = new Sent()
  const second = await first.tab()
  sent.watch(first.page)
  sent.watch(second.page)
  // The socket that is open already was not heard of.
  await first.page.reload()
  await first.isOnline()

  await second.open()
  await expect(second.page.getByRole('heading')).toHaveText('Open in another tab')
  await expect(second.get(testids.username)).toHaveCount(0)
  await isAccessible(second.page)
  await first.chatWith(bob.name)
  await first.write('from the first tab')
  await bob.hasReceived(['hello from anna', 'from the first tab'])

  await second.get(testids.takeOver).click()
  await second.isOnline()
  await expect(first.page.getByRole('heading')).toHaveText('Open in another tab')
  expect(await first.holds()).not.toContain('from the first tab')
  await bob.write('to whichever tab')
  await second.chatWith(bob.name)
  await second.hasReceived(['hello from bob', 'to whichever tab'])
  await second.write('from the second tab')
  await bob.hasReceived(['hello from anna', 'from the first tab', 'from the second tab'])

  // Back, while something is on its way in both directions.
  await Promise.all([
    bob.write('crossing one', 'crossing two'),
    second.write('crossing three').then(() => first.get(testids.takeOver).click()),
  ])
  await first.isOnline()
  await first.chatWith(bob.name)
  await first.hasReceived(['hello from bob', 'to whichever tab', 'crossing one', 'crossing two'])
  await first.write('and from the first again')
  await bob.hasReceived([
    'hello from anna',
    'from the first tab',
    'from the second tab',
    'crossing three',
    'and from the first again',
  ])
  await expect(second.page.getByRole('heading')).toHaveText('Open in another tab')
  expect(sent.envelopes.length).toBeGreaterThan(3)
  expect(sent.keysUsedTwice()).toEqual([])

  for (const one of [first, bob]) {
    await one.go('#/settings/security')
    const bad = ['undecryptable', 'replay_refused', 'session_renewed', 'sender_refused']
    for (const type of bad) {
      await expect(one.page.locator(`[data-type="${type}"]`)).toHaveCount(0)
    }
  }
})
