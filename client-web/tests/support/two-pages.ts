/** Two pages of one browser: each has the bare library for itself, and both have the same store. */
import { proxy, wrap } from 'comlink'
import type { LocalIdentity } from '@/crypto/protocol/protocol'
import type { BarePage, SharedSession } from './bare-page'

/** Each page writes one text; neither stores before both have read the session. */
export async function onTwoPages(
  identity: LocalIdentity,
  session: string,
  texts: readonly [string, string],
): Promise<Uint8Array[]> {
  const shared = readByBoth(session)
  const threads = texts.map(
    () => new Worker(new URL('./bare-page.ts', import.meta.url), { type: 'module' }),
  )
  try {
    const pages = threads.map((thread) => wrap<BarePage>(thread))
    return await Promise.all(
      pages.map((page, i) => page.encrypt(identity, proxy(shared), texts[i] ?? '')),
    )
  } finally {
    for (const thread of threads) thread.terminate()
  }
}

function readByBoth(session: string): SharedSession {
  let [held, readers] = [session, 0]
  let open: () => void = () => undefined
  const both = new Promise<void>((done) => {
    open = done
  })
  return {
    async load() {
      readers += 1
      if (readers === 2) open()
      await both
      return held
    },
    async store(next) {
      held = next
    },
  }
}
