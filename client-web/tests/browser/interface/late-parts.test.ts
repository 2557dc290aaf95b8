/** A part that is not there any more: a new version, or a network that is away. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { reportMissingPart, servesAnotherVersion, watchLateParts } from '@/platform/late-parts'

const page = (script: string): string =>
  `<!doctype html><html><head><script type="module" crossorigin src="${script}"></script></head></html>`
const parsed = (html: string): Document => new DOMParser().parseFromString(html, 'text/html')

test('the served page tells whether there is another version', async () => {
  const here = parsed(page('/assets/index-one.js'))
  const serving = (html: string, status = 200) =>
    servesAnotherVersion(here, async () => new Response(html, { status }))
  expect(await serving(page('/assets/index-two.js'))).toBe(true)
  expect(await serving(page('/assets/index-one.js'))).toBe(false)
  expect(await serving(page('/assets/index-two.js'), 502)).toBe(false)
  expect(await serving('a log-in page of the network')).toBe(false)
  expect(await servesAnotherVersion(here, () => Promise.reject(new TypeError('offline')))).toBe(
    false,
  )
})

test.each([
  ['code', () => dispatchEvent(new Event('vite:preloadError', { cancelable: true }))],
  ['a file', reportMissingPart],
])('each time %s does not come, one of both is told', async (_, miss) => {
  const outdated = vi.fn()
  const unreachable = vi.fn()
  let newer = true
  onTestFinished(watchLateParts({ outdated, unreachable }, async () => newer))
  miss()
  await expect.poll(() => outdated.mock.calls.length).toBe(1)
  newer = false
  miss()
  await expect.poll(() => unreachable.mock.calls.length).toBe(1)
  expect(outdated).toHaveBeenCalledTimes(1)
})
