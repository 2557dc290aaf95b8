import { isAccessible } from './support/axe'
import { expect, talking, test, testAlone } from './support/fixtures'
import type { Person } from './support/person'
import { testids } from './support/testids'

const AWAY = 'No connection. Messages wait here.'

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

testAlone(
  'the relay away: words on every way in; back again when it is, also as an older copy of itself',
  async ({ person, visitor, relay }) => {
    test.slow() // it starts a relay three times
    const [anna, bob] = await talking(person)
    const carol = await visitor('carol')
    await carol.open()
    await relay.down()
    const line = anna.get(testids.connectionStatus)
    await expect(line).toContainText(AWAY)
    await anna.write('when it is back')
    await anna.hasStatuses('waiting', 1)
    await anna.go('#/add/enter')
    await anna.get(testids.addContactCode).fill('@nobody#7K3M9QXZ')
    await anna.get(testids.addContactSubmit).click()
    const refusal = 'No connection to the server. Check your network and try again.'
    await expect(anna.page.getByRole('alert')).toHaveText(refusal)
    await carol.get(testids.username).fill(carol.name)
    await carol.get(testids.password).fill('correct horse battery')
    await carol.get(testids.submitRegister).click()
    await expect(carol.page.getByRole('alert')).toHaveText(refusal)
    await isAccessible(carol.page)

    relay.keep()
    await relay.up()
    // Their own next attempts may have come first.
    const now = (who: Person) => who.page.getByRole('button', { name: 'Try now' })
    const tryNow = (who: Person) =>
      now(who)
        .click({ timeout: 5_000 })
        .catch(() => undefined)
    await tryNow(anna)
    await anna.isOnline()
    await bob.isOnline()
    await bob.hasReceived(['hello from anna', 'when it is back'])
    await anna.chatWith(bob.name)

    // Restored: the relay gives out numbers that both devices have passed.
    await relay.down()
    relay.restore()
    await anna.write('after the restore')
    await relay.up()
    await tryNow(anna)
    await bob.hasReceived(['hello from anna', 'when it is back', 'after the restore'])
    await bob.write('understood')
    await anna.hasReceived(['hello from bob', 'understood'])
    await bob.go('#/settings/security')
    await expect(bob.page.locator('[data-type="relay_log_changed"]')).toHaveCount(1)
    await carol.get(testids.submitRegister).click()
    await carol.isOnline()
  },
)

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
