/** The app in a phone's shell: the build for phones, Capacitor's own bridge, a played native side. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PASSWORD, Person } from './support/person'
import { Phone, SHELL } from './support/phone'
import { shared } from './support/shared'
import { expect, test, unique } from './support/fixtures'
import { settled } from './support/screens-gallery'
import { testids } from './support/testids'
import { untrustedServer } from './support/tls'

const PASSPHRASE = 'seven quiet otters dance below the moon'

test('a phone: choose a server, register, write, be killed, open again, write', async ({
  browser,
  relay,
  person,
  guests,
}) => {
  const bob = await person('bob')
  let anna = await Person.arrive(browser, SHELL, unique('anna'))
  guests.push(anna)
  const { data: build } = await shared('phone')
  const phone = await Phone.around(anna.context, 'android', build)

  await anna.open()
  await expect(anna.get('username')).toHaveCount(0)
  await anna.get('relay-address').fill('chat.example.invalid')
  await anna.get('relay-choose').click()
  await expect(anna.page.getByRole('alert')).toContainText('No Sealstream server answers there')
  await anna.get('relay-address').fill(`${relay.url}/`)
  await anna.get('relay-choose').click()
  await expect(anna.get('relay-host')).toHaveText(new URL(relay.url).host)
  // Another one is asked for, and then not taken.
  await anna.get('relay-change').click()
  await anna.get('relay-address').fill('another.example.invalid')
  await anna.get('relay-keep').click()
  await expect(anna.get('relay-host')).toHaveText(new URL(relay.url).host)
  await anna.get(testids.username).fill(anna.name)
  await anna.get(testids.password).fill(PASSWORD)
  await anna.get(testids.submitRegister).click()
  await anna.get(testids.lockLater).click()
  await anna.isOnline()
  expect([...phone.keys.values()]).toMatchObject([{ sync: false, access: 1 }])
  expect(await anna.holds()).not.toContain(String([...phone.keys.values()][0]?.['data']))

  const [annasCode, bobsCode] = [await anna.code(), await bob.code()]
  await bob.add(annasCode)
  await anna.add(bobsCode)
  await anna.write('from my phone')
  await bob.hasReceived(['from my phone'])

  await anna.go('#/settings/privacy')
  await anna.get(testids.setPassphrase).click()
  await anna.get(testids.passphrase).fill(PASSPHRASE)
  await anna.get(testids.passphraseRepeat).fill(PASSPHRASE)
  await anna.get(testids.passphraseSubmit).click()
  await anna.get('passkey').click()
  await anna.get('passkey-passphrase').fill(PASSPHRASE)
  await anna.get('passkey-submit').click()
  await expect(anna.page.getByText('Fingerprint, face or PIN added.')).toBeVisible()

  await anna.page.close()
  await bob.write('while you were away')
  anna = await anna.tab()
  await anna.open()
  phone.recognises = false
  await expect(anna.get('unlock-passkey')).toHaveText('Fingerprint, face or PIN')
  await anna.get('unlock-passkey').click()
  await expect.poll(() => phone.called('BiometricAuthNative.internalAuthenticate').length).toBe(2)
  await expect(anna.get(testids.unlockPassphrase)).toBeVisible()
  phone.recognises = true
  await anna.get('unlock-passkey').click()
  await anna.isOnline()
  await anna.chatWith(bob.name)
  await anna.hasReceived(['while you were away'])
  await anna.write('back again')
  await bob.hasReceived(['from my phone', 'back again'])

  // Out of sight, the phone itself says who wrote.
  await anna.go('#/settings/notifications')
  await anna.toggle('Notify me of new messages', true)
  await anna.page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await bob.write('are you there?')
  await expect
    .poll(() => phone.called('LocalNotifications.schedule'))
    .toMatchObject([
      { notifications: [{ title: `New message from ${bob.name}`, channelId: 'messages' }] },
    ])
  expect(phone.called('LocalNotifications.createChannel')).toMatchObject([
    { id: 'messages', name: 'Messages' },
  ])
  await phone.tell('LocalNotifications', 'localNotificationActionPerformed', {
    notification: { id: 1 },
  })
  await anna.page.evaluate(() => {
    Reflect.deleteProperty(document, 'visibilityState')
    document.addEventListener('resume', () => (document.documentElement.dataset['resumed'] = 'yes'))
  })
  await phone.tell('App', 'resume')
  await expect(anna.page.locator('html')).toHaveAttribute('data-resumed', 'yes')
  await expect(anna.get(testids.composer)).toBeVisible()

  // The system is told what its signs are read on, and asked for a tap when a menu opens.
  expect(phone.called('SystemBars.setStyle').at(-1)).toEqual({ style: 'DEFAULT' })
  await anna.get(testids.message).last().click({ button: 'right' })
  await expect.poll(() => phone.called('Haptics.impact')).toEqual([{ style: 'LIGHT' }])
  await anna.page.keyboard.press('Escape')

  // Nothing lies under the camera, the clock or the bar below, also on the phone's side.
  await anna.page.setViewportSize({ width: 844, height: 390 })
  await anna.page.evaluate(() => {
    for (const [side, inset] of Object.entries({ top: 20, right: 47, bottom: 21, left: 47 })) {
      document.documentElement.style.setProperty(`--safe-area-inset-${side}`, `${inset}px`)
    }
  })
  const within = { top: 20, right: 844 - 47, bottom: 390 - 21, left: 47 }
  await settled(anna.page)
  // Of one moment: the smaller window holds fewer messages, whose buttons go while one looks.
  const pressed = await anna.page
    .locator('[data-place="current"] :is(button, a, textarea)')
    .evaluateAll((all) =>
      all.map((one) => {
        const { left, right, width } = one.getBoundingClientRect()
        return { left, right, width, markup: one.innerHTML }
      }),
    )
  const shown = pressed.filter(({ width }) => width >= 2)
  expect(shown).not.toEqual([])
  for (const { left, right, markup } of shown) {
    expect.soft(left, markup).toBeGreaterThanOrEqual(within.left)
    expect.soft(right, markup).toBeLessThanOrEqual(within.right)
  }
  const composer = await anna.get(testids.composer).boundingBox()
  expect((composer?.y ?? 0) + (composer?.height ?? 0)).toBeLessThanOrEqual(within.bottom)
  const header = await anna.page
    .locator('[data-place="current"] [data-pane-title]')
    .first()
    .boundingBox()
  expect(header?.y).toBeGreaterThanOrEqual(within.top)
  await anna.page.setViewportSize({ width: 1280, height: 1600 })

  // A backup leaves by the share sheet: a download does nothing in a web view.
  await anna.go('#/settings/backup')
  await anna.get(testids.backupOpen).click()
  await anna.get(testids.passphrase).fill(PASSPHRASE)
  await anna.get(testids.passphraseRepeat).fill(PASSPHRASE)
  await anna.get(testids.backupCreate).click()
  await anna.get(testids.backupSave).click()
  await expect.poll(() => phone.called('Share.share').length).toBe(1)
  const name = String(phone.called('Share.share')[0]?.['title'])
  expect(phone.called('Share.share')[0]?.['files']).toEqual([`file:///cache/shared/${name}`])
  expect(phone.file(`shared/${name}`).length).toBeGreaterThan(1_000)
  await anna.chatWith(bob.name)

  // The back button: from the chat to the list, and from there out of the app.
  await phone.tell('App', 'backButton')
  await expect.poll(() => new URL(anna.page.url()).hash).toBe('#/chats')
  await phone.tell('App', 'backButton')
  await expect.poll(() => phone.called('App.minimizeApp').length).toBe(1)

  // A contact's code as a link fills the field; nobody is added by a link alone.
  await phone.tell('App', 'appUrlOpen', { url: `sealstream:contact?u=carl&k=0` })
  await expect(anna.get(testids.addContactCode)).toHaveValue('sealstream:contact?u=carl&k=0')

  // Signing out leaves nothing, in the keychain neither; the server is still known.
  await anna.go('#/settings/account')
  await anna.get(testids.logout).click()
  await anna.confirm('Sign out')
  await expect(anna.get('relay-host')).toHaveText(new URL(relay.url).host)
  expect(phone.keys.size).toBe(0)
})

test('the build for phones has nothing of the plugins’ fallbacks for browsers, which keep keys in the clear', async () => {
  const { data: build } = await shared('phone')
  const scripts = readdirSync(build, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  )
  expect(scripts.length).toBeGreaterThan(3)
  const keeping = scripts
    .map((file) => readFileSync(join(build, file), 'utf8'))
    .filter((script) => script.includes('localStorage'))
  // The library of uploads can keep addresses there; it is told not to (`src/files/upload.ts`).
  expect(keeping.filter((script) => !script.includes('tus::'))).toEqual([])
})

test('a server whose certificate the phone does not trust is not taken', async ({
  browser,
  relay,
}) => {
  const { data: build } = await shared('phone')
  const server = await untrustedServer(relay.url)
  const choose = async (ignoreHTTPSErrors: boolean) => {
    const context = await browser.newContext({ ignoreHTTPSErrors, locale: 'en-GB' })
    await Phone.around(context, 'android', build)
    const page = await context.newPage()
    await page.goto(SHELL)
    await page.getByTestId('relay-address').fill(server.url)
    await page.getByTestId('relay-choose').click()
    return { context, page }
  }
  const refused = await choose(false)
  await expect(refused.page.getByRole('alert')).toContainText('its certificate does not fit')
  // Nothing but the certificate is wrong with it.
  const taken = await choose(true)
  await expect(taken.page.getByTestId('relay-host')).toHaveText(new URL(server.url).host)
  for (const { context } of [refused, taken]) await context.close()
  server.stop()
})

test('an iPhone in German: register, write, be killed, open by its owner’s face, write', async ({
  browser,
  relay,
  person,
  guests,
}) => {
  const bob = await person('bob')
  let anna = await Person.arrive(browser, SHELL, unique('anna'), 'de-DE')
  guests.push(anna)
  const { data: build } = await shared('phone')
  const phone = await Phone.around(anna.context, 'ios', build)

  await anna.open()
  await anna.get('relay-address').fill(relay.url)
  await anna.get('relay-choose').click()
  await anna.get(testids.username).fill(anna.name)
  await anna.get(testids.password).fill(PASSWORD)
  await anna.get(testids.submitRegister).click()
  await expect(anna.page.getByText('wer dieses Telefon entsperren kann')).toBeVisible()
  await anna.get(testids.passphrase).fill(PASSPHRASE)
  await anna.get(testids.passphraseRepeat).fill(PASSPHRASE)
  await anna.get(testids.passphraseSubmit).click()
  await anna.isOnline()
  const [annasCode, bobsCode] = [await anna.code(), await bob.code()]
  await bob.add(annasCode)
  await anna.add(bobsCode)
  await anna.write('from my iPhone')
  await bob.hasReceived(['from my iPhone'])

  await anna.go('#/settings/privacy')
  await anna.get('passkey').click()
  await anna.get('passkey-passphrase').fill(PASSPHRASE)
  await anna.get('passkey-submit').click()
  await expect(anna.page.getByText('Fingerabdruck, Gesicht oder PIN hinzugefügt.')).toBeVisible()
  expect([...phone.keys.values()]).toMatchObject([
    { sync: false, access: 1 },
    { sync: false, access: 1 },
  ])

  await anna.page.close()
  await bob.write('while you were away')
  anna = await anna.tab()
  await anna.open()
  await anna.get('unlock-passkey').click()
  await anna.isOnline()
  const asked = {
    reason: 'Bestätige, dass du es bist.',
    cancelTitle: 'Abbrechen',
    allowDeviceCredential: true,
  }
  expect(phone.called('BiometricAuthNative.internalAuthenticate')).toMatchObject([asked, asked])
  await anna.chatWith(bob.name)
  await anna.hasReceived(['while you were away'])
  await anna.write('back again')
  await bob.hasReceived(['from my iPhone', 'back again'])
})
