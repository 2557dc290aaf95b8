import { gzipSync } from 'node:zlib'
import type { Plugin, Rolldown } from 'vite'

/**
 * Most that a browser loads, in kB (1,000 bytes) after gzip: `start` until the first screen can be used, the engine's
 * thread included; `chats` until the list and a chat are drawn.
 */
export const BUDGET = { start: 180, chats: 275 } as const

/** Loaded once somebody is logged in: the shell, the views that a route shows first, what an account needs, and the texts. */
const CHATS =
  /\/((AppShell|ConversationList|NothingOpen|ChatView)\.vue|account-parts\.ts|i18n\/en\/chats\.ts)$/
/** Imported late, but at every start: it registers the service worker. */
const WITH_START = /\/workbox-window\b/
const WORKER = /^assets\/worker-[\w-]+\.js$/

type Output = Rolldown.OutputChunk | Rolldown.OutputAsset
export type Bundle = Readonly<Record<string, Output>>
type Load = Record<keyof typeof BUDGET, number>

/** Scripts that `from` imports statically, itself and their styles included. */
function withImports(bundle: Bundle, from: Iterable<string>): Set<string> {
  const files = new Set<string>()
  const visit = (name: string): void => {
    if (files.has(name)) return
    files.add(name)
    const output = bundle[name]
    if (output?.type !== 'chunk') return
    output.imports.forEach(visit)
    output.viteMetadata?.importedCss.forEach(visit)
  }
  for (const name of from) visit(name)
  return files
}

const contentOf = (output: Output | undefined): string | Uint8Array => {
  if (output === undefined) throw new Error('a file of the first load is not in the bundle')
  return output.type === 'chunk' ? output.code : output.source
}

/** In kB. */
export function firstLoad(bundle: Bundle): Load {
  const chunks = Object.values(bundle).filter((output) => output.type === 'chunk')
  const entries = chunks
    .filter(({ isEntry, fileName }) => isEntry || WITH_START.test(fileName))
    .map(({ fileName }) => fileName)
  const workers = Object.keys(bundle).filter((name) => WORKER.test(name))
  const shown = chunks
    .filter(({ facadeModuleId, moduleIds }) =>
      [facadeModuleId ?? '', ...moduleIds].some((id) => CHATS.test(id)),
    )
    .map(({ fileName }) => fileName)
  if (!entries.length || !workers.length || !shown.length) {
    throw new Error('the first load cannot be told: an entry, a worker or the chats are missing')
  }
  const sizeOf = (files: Iterable<string>): number =>
    [...files].reduce((sum, name) => sum + gzipSync(contentOf(bundle[name])).length / 1_000, 0)
  const start = [...entries, ...workers]
  return {
    start: sizeOf(withImports(bundle, start)),
    chats: sizeOf(withImports(bundle, [...start, ...shown])),
  }
}

/** @throws Error when one of them is over its budget */
export function checkFirstLoad(load: Load): void {
  for (const part of ['start', 'chats'] as const) {
    if (load[part] <= BUDGET[part]) continue
    throw new Error(
      `first load, ${part}: ${load[part].toFixed(1)} kB after gzip, ${BUDGET[part]} allowed`,
    )
  }
}

/** Fails a build whose first load is over its budget. */
export function firstLoadBudget(): Plugin {
  return {
    name: 'first-load-budget',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const load = firstLoad(bundle)
        checkFirstLoad(load)
        this.info(
          `first load: ${load.start.toFixed(1)} kB, with the chats ${load.chats.toFixed(1)} kB`,
        )
      },
    },
  }
}
