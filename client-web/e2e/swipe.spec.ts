/** A message is answered by a swipe, on a touch screen. */
import type { CDPSession, Locator } from '@playwright/test'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

type Point = { x: number; y: number }

/** A finger that goes through these points and, unless `held`, leaves the screen. */
async function drag(touch: CDPSession, points: readonly Point[], held = false): Promise<void> {
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', at: Point[]) =>
    touch.send('Input.dispatchTouchEvent', { type, touchPoints: at })
  const [first, ...others] = points
  if (first) await send('touchStart', [first])
  for (const point of others) await send('touchMove', [point])
  if (!held) await send('touchEnd', [])
}
const path = (from: Point, dx: number, dy = 0): Point[] =>
  Array.from({ length: 9 }, (_, i) => ({ x: from.x + (dx * i) / 8, y: from.y + (dy * i) / 8 }))

async function middleOf(row: Locator): Promise<Point> {
  const box = await row.boundingBox()
  if (!box) throw new Error('not in sight')
  return { x: box.x + 60, y: box.y + box.height / 2 }
}

test('a swipe in the direction of reading answers; a short one, a scroll and the edge do not', async ({
  person,
}) => {
  const [anna, bob] = await acquainted(person)
  await bob.write('Where is the key?')
  await anna.hasReceived(['Where is the key?'])
  await anna.page.setViewportSize({ width: 390, height: 844 })
  const touch = await anna.context.newCDPSession(anna.page)
  await touch.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 })
  const row = await anna.bubble('the key')
  const from = await middleOf(row)
  const bar = anna.page.getByText(`Replying to ${bob.name}`)
  const icon = anna.get('swipe-reply')

  // The code of it comes with the first sight of a touch screen.
  await expect(async () => {
    await drag(touch, path(from, 40), true)
    await expect(icon).toHaveAttribute('data-far', 'false', { timeout: 1_000 })
  }).toPass()
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  await expect(icon).toHaveCount(0)
  await drag(touch, path(from, 20, 90))
  await drag(touch, path({ x: 8, y: from.y }, 20))
  await drag(touch, path(from, -120))
  await expect(bar).toHaveCount(0)
  await expect(row).not.toHaveAttribute('style', /translate/)

  await drag(touch, path(from, 130), true)
  await expect(icon).toHaveAttribute('data-far', 'true')
  await expect(row).toHaveAttribute('style', /translateX\(80px\)/)
  // The other finger, or the system, takes it away.
  await touch.send('Input.dispatchTouchEvent', { type: 'touchCancel', touchPoints: [] })
  await expect(icon).toHaveCount(0)
  await expect(bar).toHaveCount(0)

  await drag(touch, path(from, 130))
  await expect(bar).toBeVisible()
  await anna.write('Under the blue pot')
  await expect(await bob.bubble('blue pot')).toBeVisible()
  await expect(bob.get(testids.message).last()).toContainText('Where is the key?')
})
