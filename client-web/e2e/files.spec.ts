/** Files between two people, against a real relay: photos, any file, voice. */
import type { Download } from '@playwright/test'
import { resolveWholeChromium } from '../scripts/chromium.mjs'
import { isAccessible } from './support/axe'
import { Camera } from './support/camera'
import { expect, talking, test, unique } from './support/fixtures'
import { Person } from './support/person'

/** A photo with a place in its EXIF data, as a camera writes it. */
async function photo(person: Person): Promise<Buffer> {
  const plain = await person.page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1_600, 1_200)
    const context = canvas.getContext('2d')
    for (let x = 0; x < 1_600; x += 20) {
      if (!context) break
      context.fillStyle = `hsl(${x / 5} 60% 50%)`
      context.fillRect(x, 0, 20, 1_200)
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg' })
    return [...new Uint8Array(await blob.arrayBuffer())]
  })
  const exif = Buffer.from('Exif\0\0GPSLatitude 52.5200')
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2])
  return Buffer.concat([Buffer.from(plain.slice(0, 2)), head, exif, Buffer.from(plain.slice(2))])
}
async function bytesOf(download: Download): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of await download.createReadStream()) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
const tiles = ({ page }: Person) => page.getByTestId('file-tile')

test('photos arrive without their place, are looked at in full, and leave the device by chat', async ({
  person,
}) => {
  const [anna, bob] = await talking(person)
  const picture = await photo(anna)
  expect(picture.includes('GPSLatitude')).toBe(true)
  await anna.get('file-input').setInputFiles([
    { name: 'beach.jpg', mimeType: 'image/jpeg', buffer: picture },
    { name: 'dunes.jpg', mimeType: 'image/jpeg', buffer: picture },
  ])
  const dialog = anna.page.getByRole('dialog')
  await expect(dialog).toContainText('Place, time and camera are removed')
  await isAccessible(anna.page)
  await anna.get('caption').fill('From the beach')
  await anna.get('send-files').click()
  await expect(dialog).toHaveCount(0)

  await expect(tiles(bob)).toHaveCount(2)
  for (const who of [anna, bob]) {
    await expect(tiles(who).first()).toHaveAttribute('data-shown', 'true', { timeout: 60_000 })
  }
  await expect(bob.page.getByText('From the beach').last()).toBeVisible()
  await isAccessible(bob.page)

  const [download] = await Promise.all([
    bob.page.waitForEvent('download'),
    bob.choose(tiles(bob).first(), 'Save files'),
  ])
  expect(download.suggestedFilename()).toBe('beach.jpg')
  const got = await bytesOf(download)
  expect(got.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]))
  expect(got.includes('GPS') || got.includes('Exif')).toBe(false)

  await tiles(bob).first().click()
  const viewer = bob.page.locator('.viewer')
  await expect(viewer.getByRole('img', { name: /beach/ })).toBeVisible()
  await bob.page.keyboard.press('ArrowRight')
  await expect(viewer.getByRole('img', { name: /dunes/ })).toBeVisible()
  await bob.page.keyboard.press('Escape')
  await expect(viewer).toHaveCount(0)

  await bob.page.reload()
  await bob.isOnline()
  await expect(tiles(bob).first()).toHaveAttribute('data-shown', 'true', { timeout: 60_000 })
  await bob.go('#/settings/storage')
  await expect(bob.get('storage-row')).toHaveCount(1)
  await isAccessible(bob.page)
  await bob.get('storage-free').click()
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Free', exact: true }).click()
  await expect(bob.get('storage-total')).toContainText('No files')
})

test('any file arrives as it was, and no page opens it', async ({ person }) => {
  const [anna, bob] = await talking(person)
  const page = Buffer.from(`<script>document.title = "no"</script>${'x'.repeat(3_000_000)}`)
  await anna
    .get('file-input')
    .setInputFiles([{ name: 'page.html', mimeType: 'text/html', buffer: page }])
  await expect(anna.page.getByRole('dialog')).toContainText('Sent as it is')
  await anna.get('send-files').click()
  const row = bob.get('file-row')
  await expect(row).toBeVisible({ timeout: 60_000 })
  const [download] = await Promise.all([bob.page.waitForEvent('download'), row.click()])
  expect(download.suggestedFilename()).toBe('page.html')
  expect((await bytesOf(download)).equals(page)).toBe(true)
})

test.describe('a voice note', () => {
  let microphone: Camera | undefined
  test.skip(!resolveWholeChromium(), 'a headless shell has no microphone')
  test.afterAll(async () => {
    await microphone?.stop()
  })
  test('is recorded without holding, and heard at another speed', async ({ person, relay }) => {
    microphone = await Camera.start()
    const anna = await Person.registered(microphone.browser, relay.url, unique('anna'))
    const bob = await person('bob')
    const [annasCode, bobsCode] = await Promise.all([anna.code(), bob.code()])
    await Promise.all([anna.add(bobsCode), bob.add(annasCode)])
    await anna.get('record').focus()
    await anna.page.keyboard.press('Enter')
    await expect(anna.get('recorder')).toBeVisible()
    await isAccessible(anna.page)
    await expect(anna.get('recorder').getByRole('timer')).toHaveText('0:02', { timeout: 30_000 })
    await anna.get('record-send').click()
    const note = bob.get('voice-note')
    await note.getByRole('button', { name: 'Speed 1' }).click({ timeout: 60_000 })
    await expect(note.getByRole('button', { name: 'Speed 1.5' })).toBeVisible()
    await note.getByRole('button', { name: 'Play' }).click()
    await expect(note.getByRole('slider')).toBeEnabled()
    await isAccessible(bob.page)
    expect(anna.complaints).toEqual([])
    await anna.leave()
  })
})
