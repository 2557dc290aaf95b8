import { isAccessible } from './support/axe'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

test.use({
  settings: {
    SEALSTREAM_ENVELOPE_TTL_SECONDS: '3',
    SEALSTREAM_RETENTION_INTERVAL_SECONDS: '1',
  },
})

test('who was away for too long is told how much did not come, and goes on', async ({
  person,
  relay,
}) => {
  const [anna, bob] = await acquainted(person)
  const { page } = bob
  await page.goto('about:blank')
  await anna.write('too late')
  await anna.hasStatuses('accepted', 1)
  // Its log says when retention has been there.
  await expect
    .poll(() => relay.filesWith('envelopes_expired').length, { timeout: 60_000 })
    .toBeGreaterThan(0)

  await bob.open()
  await bob.isOnline()
  const notice = bob.get('expired-notice')
  await expect(notice).toContainText('1 message did not reach this device')
  await isAccessible(page)
  await page.reload()
  await expect(notice).toContainText('1 message did not reach this device')
  await anna.write('in time')
  await bob.chatWith(anna.name)
  await bob.hasReceived(['in time'])
  // Whose they were is known now: the counters of the chat itself tell.
  await expect(bob.get(testids.notice)).toHaveText('1 message did not arrive.')
  await anna.hasStatuses('accepted', 1)
  await anna.hasStatuses('read', 1)
  await notice.getByRole('button', { name: 'Understood' }).click()
  await expect(notice).toHaveCount(0)
  await isAccessible(page)
  await page.reload()
  await bob.isOnline()
  await expect(notice).toHaveCount(0)
})
