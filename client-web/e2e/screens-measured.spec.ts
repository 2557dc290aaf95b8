/** A chat of ten thousand messages: how it opens and scrolls, measured for the report and never asserted. */
import { NOW } from './gallery/people'
import { describeFrames, openedIn, ownWork, scrollUp, tell } from './support/measure'
import { expect, settled, shiftClock, test } from './support/screens-gallery'
import { testids } from './support/testids'

test('ten thousand messages open at the newest and older ones arrive without a jump', async ({
  gallery,
  page,
}, info) => {
  await page.addInitScript(shiftClock, NOW)
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`${gallery}?scene=list`)
  await page.locator('#app > *').first().waitFor()
  await settled(page)
  const work = await ownWork(page)
  const took = await openedIn(page, 'jonas')
  const opening = await work()
  const chat = page.locator('.chat')
  const left = (): Promise<number> =>
    chat.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)
  await expect.poll(left).toBeLessThan(2)

  const before = await chat.evaluate(({ scrollHeight, scrollTop }) => scrollHeight - scrollTop)
  await work()
  const scrolling = await scrollUp(page, 40)
  // While someone scrolls up, what they read never moves back up under their eyes.
  expect(scrolling.moves.filter((move) => move < -6)).toEqual([])
  // And none is skipped: the way back is no longer than the way there was.
  expect(
    await chat.evaluate(({ scrollHeight, scrollTop }) => scrollHeight - scrollTop),
  ).toBeLessThan(before + 40 * 400 + 50)
  tell(
    info,
    '10,000 messages',
    `opened in ${Math.round(took)} ms (the page's own work: ${opening} ms); ` +
      describeFrames(scrolling, await work()),
  )

  await page.getByTestId(testids.toNewest).click()
  await expect.poll(left).toBeLessThan(2)
})
