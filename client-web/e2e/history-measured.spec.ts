/**
 * The whole way of a long chat: ten thousand messages, sealed in the browser's database, opened by
 * the built app after a reload, and read back. Times are for the report and never asserted.
 */
import { saveBackup, tryRestore } from './support/backups'
import { expect, talking, test } from './support/fixtures'
import { ageBackup } from './support/history'
import { describeFrames, openedIn, ownWork, scrollUp, tell } from './support/measure'
import { testids } from './support/testids'

const PASSPHRASE = 'seven plain words for a backup'
const COUNT = 10_000
const OPENINGS = 5
const TURNS = 40

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

  const work = await ownWork(page)
  const openings: { started: number; took: number; own: number }[] = []
  for (let n = 0; n < OPENINGS; n += 1) {
    await anna.go('#/chats')
    const start = Date.now()
    await page.reload()
    await expect(anna.row(bob.name)).toBeVisible()
    const started = Date.now() - start
    await anna.isOnline()
    await work()
    const took = await openedIn(page, bob.name)
    openings.push({ started, took, own: await work() })
    await expect(anna.get(testids.message).last()).toContainText('hello from bob')
  }

  // Wherever one is, the way to the newest message is as long as what was scrolled: none is skipped.
  const below = (): Promise<number> =>
    page.locator('.chat').evaluate(({ scrollHeight, scrollTop }) => scrollHeight - scrollTop)
  const atEnd = await below()
  await work()
  const scrolling = await scrollUp(page, TURNS)
  expect(await below()).toBeLessThan(atEnd + TURNS * 400 + 50)
  // Nobody is left standing at the top while there are older ones.
  await expect
    .poll(() => page.locator('.chat').evaluate(({ scrollTop }) => scrollTop))
    .toBeGreaterThan(0)
  tell(
    info,
    '10,000 sealed messages',
    `restored in ${restored} ms; started in ${median(openings.map(({ started }) => started))} ms; ` +
      `the chat opened in ${median(openings.map(({ took }) => took))} ms ` +
      `(the page's own work: ${median(openings.map(({ own }) => own))} ms; medians of ${OPENINGS}); ` +
      describeFrames(scrolling, await work()),
  )
})

function median(numbers: number[]): number {
  return Math.round(numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? 0)
}
