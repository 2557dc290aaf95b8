/** How a long chat opens and scrolls, measured in the page: for the report, never to fail by. */
import { expect } from '@playwright/test'
import type { Page, TestInfo } from '@playwright/test'

/** How much the page's main thread has worked since the last call, ms: what a busy machine does not change. */
export async function ownWork(page: Page): Promise<() => Promise<number>> {
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

/** From the click on a row of the list to the first frame that shows the chat's newest message, ms. */
export function openedIn(page: Page, username: string): Promise<number> {
  return page.evaluate(
    (row) =>
      new Promise<number>((shown) => {
        const start = performance.now()
        document.querySelector<HTMLElement>(row)?.click()
        const look = (): void => {
          const chat = document.querySelector('.chat')
          const drawn = chat?.querySelector('[data-testid="message"]')
          if (!drawn || chat?.classList.contains('opacity-0')) requestAnimationFrame(look)
          else requestAnimationFrame(() => shown(performance.now() - start))
        }
        look()
      }),
    `[data-testid="conversation-item"][data-username="${username}"]`,
  )
}

export interface Scrolling {
  /** How long each frame took, ms. */
  readonly frames: readonly number[]
  /** How far what is read moved from one frame to the next, px; below zero: back up. */
  readonly moves: readonly number[]
}

/** Turns the wheel towards older messages, `turns` times, and watches each frame. */
export async function scrollUp(page: Page, turns: number): Promise<Scrolling> {
  await page.evaluate(() => {
    const seen = { moves: [] as number[], frames: [] as number[] }
    Object.assign(window, { seen })
    const pane = document.querySelector('.chat') as HTMLElement
    let watched: { element: HTMLElement; id: string; top: number } | null = null
    let last = performance.now()
    const look = (): void => {
      const now = performance.now()
      seen.frames.push(now - last)
      last = now
      if (watched?.element.isConnected && watched.element.dataset['id'] === watched.id) {
        seen.moves.push(watched.element.getBoundingClientRect().top - watched.top)
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
  const height = (): Promise<number> =>
    page.locator('.chat').evaluate((element) => element.scrollHeight)
  const before = await height()
  for (let turn = 0; turn < turns; turn += 1) {
    await page.mouse.wheel(0, -400)
    await page.waitForTimeout(30)
  }
  expect(await height(), 'older messages were added').toBeGreaterThan(before + 4_000)
  return page.evaluate(() => (window as never as { seen: Scrolling }).seen)
}

/** In one line, to the report and to whoever watches the run. */
export function tell(info: TestInfo, what: string, line: string): void {
  info.annotations.push({ type: 'measured', description: line })
  process.stdout.write(`    ${what}: ${line}\n`)
}

export function describeFrames({ frames, moves }: Scrolling, work: number): string {
  const long = frames.filter((frame) => frame > 50).length
  const back = moves.filter((move) => move < -6).length
  return (
    `while scrolling ${frames.length} frames, ${long} over 50 ms, the longest ` +
    `${Math.round(Math.max(...frames))} ms, ${back} in which the text moved back ` +
    `(own work: ${(work / frames.length).toFixed(1)} ms a frame)`
  )
}
