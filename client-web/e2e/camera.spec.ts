import { resolveWholeChromium } from '../scripts/chromium.mjs'
import { isAccessible } from './support/axe'
import { Camera } from './support/camera'
import { test as base, expect, unique } from './support/fixtures'
import { PASSWORD, Person } from './support/person'
import { testids } from './support/testids'

/** One for the file: to start a whole browser costs several CPU-seconds. */
let shared: Camera | undefined

/** Someone whose browser has a camera. */
const test = base.extend<{ camera: Camera; viewer: Person }>({
  camera: async ({}, use) => {
    shared ??= await Camera.start()
    await use(shared)
  },
  viewer: async ({ camera, relay }, use) => {
    const viewer = await Person.registered(camera.browser, relay.url, unique('vera'))
    await use(viewer)
    await viewer.leave()
    expect(viewer.complaints).toEqual([])
  },
})

test.afterAll(async () => {
  await shared?.stop()
})

test.skip(!resolveWholeChromium(), 'a headless shell has no camera')

const qr = (username: string, identity: string): string =>
  `sealstream:contact?u=${username}&k=${identity}`

async function identityOf(person: Person): Promise<string> {
  await person.go('#/settings/account')
  return person.page.getByText(/^[0-9A-HJKMNP-TV-Z]{53}$/).innerText()
}

/** Another good key that ends in the same eight characters. */
function lookAlike(identity: string): string {
  const at = 20
  return identity.slice(0, at) + (identity[at] === '7' ? '8' : '7') + identity.slice(at + 1)
}

/** Starts the camera anew, before this code: the scanner must have gone, or it would go on looking at what was there. */
async function holdUp(camera: Camera, viewer: Person, code: string): Promise<void> {
  await viewer.go('#/add/enter')
  await expect(viewer.get(testids.addContactCode)).toBeVisible()
  camera.show(code)
  await viewer.go('#/add/scan')
}

test("a contact's code held before the camera adds and verifies them", async ({
  camera,
  viewer,
  person,
}) => {
  const bob = await person('bob')
  const identity = await identityOf(bob)

  camera.show(null)
  await viewer.go('#/add/scan')
  await expect(viewer.get(testids.scannerVideo)).toBeVisible()
  await expect(viewer.page.locator('.finder')).toBeVisible()
  await isAccessible(viewer.page)

  await holdUp(camera, viewer, qr(bob.name, identity))
  await expect(viewer.get(testids.composer)).toBeVisible()
  await viewer.page.getByRole('button', { name: 'Encryption: Verified' }).click()
  await expect(viewer.page.getByRole('dialog')).toContainText('Verified')
  await viewer.page.keyboard.press('Escape')
  await viewer.write('I saw your code')

  await bob.acceptRequestOf(viewer.name)
  await bob.hasReceived(['I saw your code'])
  await expect(bob.page.getByRole('button', { name: 'Encryption: Not verified' })).toBeVisible()
})

test('threat 2: a scanned key that is not the one the relay has is refused, whatever its code', async ({
  camera,
  viewer,
  person,
}) => {
  const [bob, mallory] = [await person('bob'), await person('mallory')]
  const [bobs, mallorys] = [await identityOf(bob), await identityOf(mallory)]
  for (const [key, complaint] of [
    [mallorys, 'Nobody was found with this code'],
    [lookAlike(bobs), 'The keys do not match. Nothing was changed.'],
  ] as const) {
    await holdUp(camera, viewer, qr(bob.name, key))
    await expect(viewer.page.getByText(complaint)).toBeVisible()
    await isAccessible(viewer.page)
  }
  camera.show('https://example.org/not-a-contact')
  await viewer.page.getByRole('button', { name: 'Try again' }).click()
  await expect(viewer.page.getByText('This is not a complete code')).toBeVisible()
  await viewer.go('#/chats')
  await expect(viewer.page.getByText('No chats yet')).toBeVisible()
})

test('threat 3: a typed code leaves unverified; the safety number, scanned, verifies or warns', async ({
  camera,
  viewer,
  person,
}) => {
  const bob = await person('bob')
  await viewer.add(await bob.code())
  await viewer.write('hello')
  await bob.acceptRequestOf(viewer.name)
  await expect(viewer.page.getByRole('button', { name: 'Encryption: Not verified' })).toBeVisible()

  await bob.page.getByRole('link', { name: viewer.name }).last().click()
  const digits = (await bob.get(testids.safetyNumber).innerText()).replaceAll(/\D/g, '')
  expect(digits).toHaveLength(60)
  const other = digits.slice(0, -1) + ((Number(digits.at(-1)) + 1) % 10)

  await viewer.page.getByRole('link', { name: bob.name }).last().click()
  camera.show(`sealstream:safety?n=${other}`)
  await viewer.get(testids.verifyOpen).click()
  await viewer.page.getByRole('button', { name: 'Scan their code' }).click()
  await expect(viewer.page.getByText('someone may be reading along')).toBeVisible()
  await isAccessible(viewer.page)
  await viewer.page.keyboard.press('Escape')
  await expect(viewer.page.locator('[data-trust="verified"]')).toHaveCount(0)

  camera.show(`sealstream:safety?n=${digits}`)
  await viewer.get(testids.verifyOpen).click()
  await viewer.page.getByRole('button', { name: 'Scan their code' }).click()
  await expect(viewer.page.locator('[data-trust="verified"]').first()).toBeVisible()
  await isAccessible(viewer.page)
})

test('a new device is linked by its code before the camera, in German on a phone', async ({
  browser,
  camera,
  relay,
}, info) => {
  const name = unique('wera')
  const [old, fresh] = await Promise.all([
    Person.arrive(camera.browser, relay.url, name, 'de-DE'),
    Person.arrive(browser, relay.url, name, 'de-DE'),
  ])
  const picture = (of: Person, title: string) =>
    of.page.screenshot({ path: info.outputPath(`${title}.png`) })
  for (const one of [old, fresh]) await one.page.setViewportSize({ width: 390, height: 844 })
  await old.register()
  await fresh.open()
  await fresh.get(testids.linkOpen).click()
  const code = fresh.get(testids.linkCode)
  await expect(code).toBeVisible()
  await picture(fresh, '1-code')
  camera.show(await code.getAttribute('data-code'))
  await old.go('#/settings/devices')
  await old.get(testids.linkDevice).click()
  await expect(fresh.get(testids.linkDigits)).toBeVisible()
  await picture(fresh, '2-digits')
  await expect(old.get(testids.linkDigitsField)).toBeVisible()
  await isAccessible(old.page)
  await picture(old, '3-digits-field')
  const digits = (await fresh.get(testids.linkDigits).innerText()).replaceAll(/\D/g, '')
  await old.get(testids.linkDigitsField).fill(digits)
  await old.get(testids.linkPassword).fill(PASSWORD)
  await old.get(testids.linkConfirm).click()
  await fresh.isOnline()
  await expect(old.get(testids.linkDone)).toContainText(`${digits} auf beiden Geräten`)
  await picture(old, '4-done')
  await picture(fresh, '5-in')
  for (const one of [old, fresh]) await one.leave()
  expect([...old.complaints, ...fresh.complaints]).toEqual([])
})

test('a camera that another program has for a moment is waited for', async ({ camera, viewer }) => {
  camera.show(null)
  await viewer.page.addInitScript(() => {
    const devices = navigator.mediaDevices
    const real = devices.getUserMedia.bind(devices)
    let busy = 2
    devices.getUserMedia = (wanted) =>
      busy-- > 0 ? Promise.reject(new DOMException('in use', 'NotReadableError')) : real(wanted)
  })
  await viewer.page.reload()
  await viewer.isOnline()
  await viewer.go('#/add/scan')
  await expect(viewer.page.locator('.finder')).toBeVisible()
})
