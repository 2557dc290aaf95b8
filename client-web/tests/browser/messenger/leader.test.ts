/** Who leads among the tabs, by the browser's own locks. */
import { afterEach, describe, expect, test } from 'vitest'
import { leadership } from '@/messenger/session/leadership'
import type { Leadership } from '@/messenger/session/leadership'
import { hurry } from '../../support/hurry'

const leaders: Leadership[] = []
const name = (): string => `test-${crypto.randomUUID()}`
const leader = (lock: string, yielded: () => Promise<void> = async () => undefined): Leadership => {
  const made = leadership({ yielded }, lock)
  leaders.push(made)
  return made
}
afterEach(() => {
  for (const one of leaders.splice(0)) one.release()
})

/** Another tab that hears nothing: a lock of another client of the browser. */
async function tab(lock: string): Promise<() => void> {
  const script = `navigator.locks.request(${JSON.stringify(lock)}, () => {
    postMessage('held')
    return new Promise(() => undefined)
  })`
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
  const worker = new Worker(url)
  await new Promise((resolve) => worker.addEventListener('message', resolve, { once: true }))
  return () => worker.terminate()
}

function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end) Math.sqrt(end)
}

describe('the leading tab', () => {
  test('the only tab leads, however long its page is too busy to hear of the lock', async () => {
    for (const milliseconds of [0, 790, 900, 1_700]) {
      const claimed = leader(name()).claim()
      busy(milliseconds)
      expect(await claimed).toBe(true)
    }
  })

  test('a page that reloads leads again, as soon as the one before it is gone', async () => {
    const lock = name()
    const before = leader(lock)
    expect(await before.claim()).toBe(true)
    const claimed = leader(lock).claim()
    // Not before the first look has found it taken.
    await navigator.locks.request(lock, { ifAvailable: true }, () => before.release())
    expect(await claimed).toBe(true)
  })

  test('one that leads is seen, from the same page too, and lets go in order when asked', async () => {
    const lock = name()
    hurry(10, 0)
    const told: string[] = []
    const first = leader(lock, async () => void told.push('first'))
    const second = leader(lock, async () => void told.push('second'))
    expect(await first.claim()).toBe(true)
    expect(await second.claim()).toBe(false)
    await second.takeOver()
    expect(new Set(told)).toEqual(new Set(['first']))
    expect(await leader(lock).claim()).toBe(false)
  })

  test('one that hears nothing is taken over from by force', async () => {
    const lock = name()
    const close = await tab(lock)
    hurry(10, 0)
    const here = leader(lock)
    expect(await here.claim()).toBe(false)
    await here.takeOver()
    expect(await leader(lock).claim()).toBe(false)
    close()
    expect(await leader(lock).claim()).toBe(false)
  })

  test('a tab that closed leaves the lead to the next', async () => {
    const lock = name()
    const close = await tab(lock)
    close()
    // The browser takes it back when it has ended the tab.
    await navigator.locks.request(lock, () => undefined)
    expect(await leader(lock).claim()).toBe(true)
  })
})
