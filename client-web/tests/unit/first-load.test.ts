/** What a build's first load is, and that one over its budget fails the build. */
import { expect, test } from 'vitest'
import { type Bundle, BUDGET, checkFirstLoad, firstLoad } from '../../scripts/first-load'

interface Chunk {
  isEntry?: boolean
  imports?: string[]
  css?: string[]
  modules?: string[]
  code?: string
}

/** Random text: gzip leaves about three quarters of it. */
const text = (bytes: number): string => {
  let seed = 1
  const next = (): number => (seed = (seed * 48_271) % 2_147_483_647)
  return Array.from({ length: bytes }, () => String.fromCharCode(48 + (next() % 64))).join('')
}

function bundleOf(chunks: Record<string, Chunk>, assets: Record<string, string>): Bundle {
  const scripts = Object.entries(chunks).map(([fileName, chunk]) => [
    fileName,
    {
      type: 'chunk',
      fileName,
      isEntry: chunk.isEntry ?? false,
      imports: chunk.imports ?? [],
      facadeModuleId: null,
      moduleIds: chunk.modules ?? [],
      viteMetadata: { importedCss: new Set(chunk.css) },
      code: chunk.code ?? '',
    },
  ])
  const files = Object.entries(assets).map(([name, source]) => [name, { type: 'asset', source }])
  return Object.fromEntries([...scripts, ...files]) as Bundle
}

const chunks = (late: number, first = 100): Record<string, Chunk> => ({
  'index.js': { isEntry: true, imports: ['parts.js'], css: ['index.css'] },
  'parts.js': { imports: ['index.js'], code: text(first) },
  'chats.js': { imports: ['parts.js'], modules: ['/src/layouts/AppShell.vue'], code: text(20_000) },
  'settings.js': { imports: ['parts.js'], code: text(late) },
})
const assets = { 'index.css': text(4_000), 'assets/worker-Abc_1-x.js': text(8_000) }

test('scripts, their static imports, styles and the engine’s thread count, each once', () => {
  const small = firstLoad(bundleOf(chunks(10), assets))
  expect(small.start).toBeGreaterThan(8)
  expect(small.start).toBeLessThan(12)
  expect(small.chats - small.start).toBeGreaterThan(14)
  expect(small.chats - small.start).toBeLessThan(20)
})

test('what is loaded when used does not count', () => {
  expect(firstLoad(bundleOf(chunks(500_000), assets))).toEqual(
    firstLoad(bundleOf(chunks(10), assets)),
  )
})

test('what every start imports counts, though it is imported late', () => {
  const started = { ...chunks(10), 'assets/workbox-window.prod.es5-A.js': { code: text(9_000) } }
  const { start } = firstLoad(bundleOf(started, assets))
  expect(start - firstLoad(bundleOf(chunks(10), assets)).start).toBeGreaterThan(6)
})

test('a load over its budget fails the build, by name and with both numbers', () => {
  expect(() => checkFirstLoad({ start: BUDGET.start, chats: BUDGET.chats })).not.toThrow()
  const over = { ...BUDGET, start: BUDGET.start + 0.2 }
  expect(() => checkFirstLoad(over)).toThrow(/start: \d+\.2 kB after gzip, \d+ allowed/)
  expect(() => checkFirstLoad({ ...BUDGET, chats: BUDGET.chats + 1 })).toThrow(/chats/)
})

test('a bundle in which one of its parts is not found is no small one', () => {
  expect(() => firstLoad(bundleOf(chunks(10), { 'index.css': '' }))).toThrow(/missing/)
  const { 'chats.js': _, ...rest } = chunks(10)
  expect(() => firstLoad(bundleOf(rest, assets))).toThrow(/missing/)
  expect(() => firstLoad(bundleOf(chunks(10), { 'assets/worker-A.js': '' }))).toThrow(/bundle/)
})
