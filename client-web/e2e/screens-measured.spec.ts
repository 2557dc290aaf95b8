/** A chat of ten thousand messages: how it opens and scrolls, measured for the report and never asserted. */
import type { Page } from '@playwright/test'
import { NOW } from './gallery/people'
import { expect, settled, shiftClock, test } from './support/screens-gallery'
import { testids } from './support/testids'

// A trace takes a copy of the page at every step, which would be measured, too.
test.use({ trace: 'off' })

/** How much the page's main thread has worked since the last call, ms: what a busy machine does not change. */
async function ownWork(page: Page): Promise<() => Promise<number>> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
  const total = async (): Promise<number> => {
    const { metrics } = await devtools.send('Performance.getMetrics')
    return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0)
  }
  let before = await total()
  return async () => {
    const now = await total()
    const since = Math.round(now - before)
    before = now
    return since
  }
}

test('ten thousand messages open at the newest and older ones arrive without a jump', async ({
  gallery,
  page,
}, report) => {
  await page.addInitScript(shiftClock, NOW)
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`${gallery}?scene=list`)
  await page.locator('#app > *').first().waitFor()
  await settled(page)
  const work = await ownWork(page)
  // Measured in the page: from the step to the first frame that shows the newest message.
  const took = await page.evaluate(
    () =>
      new Promise<number>((shown) => {
        const start = performance.now()
        location.hash = '#/chats/id-jonas'
        const look = (): void => {
          const chat = document.querySelector('.chat')
          const drawn = chat?.querySelector('[data-testid="message"]')
          if (!drawn || chat?.classList.contains('opacity-0')) requestAnimationFrame(look)
          else requestAnimationFrame(() => shown(performance.now() - start))
        }
        look()
      }),
  )
  const opening = await work()
  const chat = page.locator('.chat')
  const left = (): Promise<number> =>
    chat.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)
  await expect.poll(left).toBeLessThan(2)

  // While someone scrolls up, what they read never moves back down under their eyes.
  await page.evaluate(() => {
    const moves: number[] = []
    const frames: number[] = []
    Object.assign(window, { moves, frames })
    const pane = document.querySelector('.chat') as HTMLElement
    let watched: { element: HTMLElement; id: string; top: number } | null = null
    let last = performance.now()
    const look = (): void => {
      const now = performance.now()
      frames.push(now - last)
      last = now
      if (watched?.element.isConnected && watched.element.dataset['id'] === watched.id) {
        moves.push(watched.element.getBoundingClientRect().top - watched.top)
      }
      const line = pane.getBoundingClientRect().top + 250
      const element = [...pane.querySelectorAll<HTMLElement>('[data-testid="message"]')].find(
        (one) => one.getBoundingClientRect().top > line,
      )
      watched = element
        ? { element, id: element.dataset['id'] ?? '', top: element.getBoundingClientRect().top }
        : null
      requestAnimationFrame(look)
    }
    look()
  })
  await page.mouse.move(900, 400)
  const before = await chat.evaluate((element) => element.scrollHeight)
  await work()
  for (let turn = 0; turn < 40; turn += 1) {
    await page.mouse.wheel(0, -400)
    await page.waitForTimeout(30)
  }
  expect(await chat.evaluate((element) => element.scrollHeight)).toBeGreaterThan(before + 4_000)
  const { moves, frames } = await page.evaluate(() => {
    const seen = window as never as { moves: number[]; frames: number[] }
    return { moves: seen.moves, frames: seen.frames }
  })
  expect(moves.filter((move) => move < -6)).toEqual([])
  const scrolling = await work()
  const long = frames.filter((frame) => frame > 50).length
  const line =
    `opened in ${Math.round(took)} ms (the page's own work: ${opening} ms); while scrolling ` +
    `${frames.length} frames, ${long} over 50 ms, the longest ${Math.round(Math.max(...frames))} ms ` +
    `(own work: ${(scrolling / frames.length).toFixed(1)} ms a frame)`
  report.annotations.push({ type: 'measured', description: line })
  process.stdout.write(`    10,000 messages: ${line}\n`)

  await page.getByTestId(testids.toNewest).click()
  await expect.poll(left).toBeLessThan(2)
})
