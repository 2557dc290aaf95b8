/**
 * The whole way of a long chat: ten thousand messages, sealed in the browser's database, opened by
 * the built app after a reload. Measured for the report and never asserted.
 */
import { saveBackup, tryRestore } from './support/backups'
import { expect, talking, test } from './support/fixtures'
import { ageBackup } from './support/history'
import { describeFrames, openedIn, ownWork, scrollUp, tell } from './support/measure'
import { testids } from './support/testids'

const PASSPHRASE = 'seven plain words for a backup'
const COUNT = 10_000

// A trace takes a copy of the page at every step, which would be measured, too.
test.use({ trace: 'off' })

test('ten thousand sealed messages, from the click to what is seen', async ({ person }, info) => {
  const [anna, bob] = await talking(person)
  const { page } = anna
  const path = info.outputPath('aged.backup')
  await saveBackup(anna, PASSPHRASE, path)
  await ageBackup(path, PASSPHRASE, COUNT)
  const began = Date.now()
  await tryRestore(anna, path, PASSPHRASE)
  await expect(page.getByText('Your backup is restored.')).toBeVisible({ timeout: 120_000 })
  const restored = Date.now() - began
  await page.setViewportSize({ width: 1440, height: 900 })
  await anna.go('#/chats')
  const start = Date.now()
  await page.reload()
  await expect(anna.row(bob.name)).toBeVisible()
  const started = Date.now() - start
  await anna.isOnline()

  const work = await ownWork(page)
  const took = await openedIn(page, bob.name)
  const opening = await work()
  await expect(anna.get(testids.message).last()).toContainText('hello from bob')
  await work()
  const scrolling = await scrollUp(page, 40)
  tell(
    info,
    '10,000 sealed messages',
    `restored in ${restored} ms; started in ${started} ms; the chat opened in ${Math.round(took)} ms ` +
      `(the page's own work: ${opening} ms); ${describeFrames(scrolling, await work())}`,
  )
})
