import { isAccessible } from './support/axe'
import { AWAY, expect, talking, test } from './support/fixtures'
import { testids } from './support/testids'

test.use({ serviceWorkers: 'allow' })

test('without a network: words, a clock on what waits, and it leaves by itself later', async ({
  person,
}) => {
  const [anna, bob] = await talking(person)
  await anna.isInstalled()
  await anna.offline(true)
  const line = anna.get(testids.connectionStatus)
  await expect(line).toContainText(AWAY)
  await expect(line).toContainText('Try now')
  await anna.write('for later')
  const bubble = await anna.bubble('for later')
  await expect(bubble.getByRole('img', { name: 'Waiting to be sent' })).toBeVisible()
  await expect(anna.row(bob.name).getByRole('img', { name: 'Waiting to be sent' })).toBeVisible()
  await isAccessible(anna.page)
  await anna.go('#/settings/devices')
  await expect(anna.page.getByText('The list could not be loaded.')).toBeVisible()
  await isAccessible(anna.page)
  await anna.offline(false)
  await anna.isOnline()
  await expect(line).not.toContainText(AWAY)
  await bob.hasReceived(['hello from anna', 'for later'])
  await anna.page.getByRole('button', { name: 'Try again' }).click()
  await expect(anna.page.getByText('Log-in sessions')).toBeVisible()
})

test('an open connection gets its next token in time, and stays open', async ({ visitor }) => {
  const anna = await visitor('anna')
  // The relay's own answer, but for when it ends: the next one is asked for at once.
  await anna.page.route('**/v1/accounts', async (route) => {
    const response = await route.fetch()
    const session = (await response.json()) as object
    await route.fulfill({
      response,
      json: { ...session, access_expires_at: Date.now() + 90_000 },
    })
  })
  let closed = 0
  const renewals: string[] = []
  anna.page.on('websocket', (socket) => {
    socket.on('close', () => closed++)
    socket.on('framesent', ({ payload }) => {
      const text = payload.toString('latin1')
      if (text.includes('auth.refresh')) renewals.push(text)
    })
  })
  const renewed = anna.page.waitForResponse(
    (response) => response.url().endsWith('/v1/sessions/refresh') && response.ok(),
  )
  await anna.register()
  await renewed
  await expect.poll(() => renewals.length).toBe(1)
  await anna.go('#/settings/devices')
  await expect(anna.page.getByText('Log-in sessions')).toBeVisible()
  await anna.isOnline()
  expect(closed).toBe(0)
})
