import { isAccessible } from './support/axe'
import { expect, test } from './support/fixtures'
import { testids } from './support/testids'

// The window is a minute by contract, however few may pass in it: a file of its own, so that the
// other workers use the time.
test('a reached limit is shown, waited out, and loses nothing', async ({ person, relay }) => {
  const [anna, bob] = await Promise.all([person('anna'), person('bob')])
  const set = relay.command('limits', 'set', anna.name, 'messages', '6')
  expect(set).toMatchObject({ status: 0 })
  await anna.add(await bob.code())
  const texts = Array.from({ length: 8 }, (_, i) => `message ${i + 1} of eight`)
  await anna.write(...texts)
  await anna.hasStatuses('accepted', 6)
  await anna.hasStatuses('waiting', 2)
  const line = anna.get(testids.connectionStatus)
  await expect(line).toContainText(/Too many messages at once\. Sending goes on in \d+ s\./)
  await isAccessible(anna.page)
  await anna.hasStatuses('accepted', 8, 90_000)
  await expect(line).not.toContainText('Too many')
  await bob.acceptRequestOf(anna.name)
  await bob.hasReceived(texts)
})
