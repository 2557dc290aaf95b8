/** Two versions of the protocol side by side, with a real relay and the built client. */
import { acquainted, expect, test } from './support/fixtures'
import { withoutKem } from './support/older-build'
import type { Person } from './support/person'
import { testids } from './support/testids'

const POST_QUANTUM = 'Post-quantum: a quantum computer of the future cannot open it either.'
const CLASSIC = 'Not post-quantum: it was sealed the older way for at least one device.'

/** The sentence on post-quantum in the details of the newest message in this direction. */
async function sealOf(person: Person, direction: 'in' | 'out'): Promise<string> {
  const messages = person.page.locator(
    `[data-testid="${testids.message}"][data-direction="${direction}"]`,
  )
  await messages.last().click({ button: 'right' })
  await person.page.getByRole('menuitem', { name: 'Message details' }).click()
  const text = await person.get('message-post-quantum').innerText()
  await person.page.keyboard.press('Escape')
  return text
}

test('devices of today write post-quantum; one without KEM prekeys is written to as before', async ({
  person,
  visitor,
}) => {
  const [anna, bob] = await acquainted(person)
  await anna.write('to a device of today')
  await bob.hasReceived(['to a device of today'])
  await bob.write('from a device of today')
  await anna.hasReceived(['from a device of today'])
  await anna.hasStatuses('waiting', 0)
  expect(await sealOf(anna, 'out')).toBe(POST_QUANTUM)
  expect(await sealOf(bob, 'in')).toBe(POST_QUANTUM)

  const cara = await visitor('cara')
  await withoutKem(cara.page)
  await cara.register()
  const [annasCode, carasCode] = [await anna.code(), await cara.code()]
  await anna.add(carasCode)
  await cara.add(annasCode)
  await anna.write('to an older device')
  await cara.hasReceived(['to an older device'])
  await cara.write('from an older device')
  await anna.hasReceived(['from an older device'])
  expect(await sealOf(anna, 'in')).toBe(CLASSIC)
  expect(await sealOf(anna, 'out')).toBe(CLASSIC)

  // In the shield's words, too.
  await anna.page.getByRole('button', { name: /^Encryption:/ }).click()
  await expect(anna.get('post-quantum')).toContainText('Not post-quantum yet')
  await anna.page.keyboard.press('Escape')
  await anna.chatWith(bob.name)
  await anna.page.getByRole('button', { name: /^Encryption:/ }).click()
  await expect(anna.get('post-quantum')).toContainText('Post-quantum')
})
