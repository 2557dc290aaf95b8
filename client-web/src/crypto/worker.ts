/** The engine in its own thread: typing and scrolling never wait for cryptography. */
import { expose } from 'comlink'
import type { CryptoEngine } from './engine'
import { CryptoError } from './errors'
import { signalEngine } from './signal/signal-engine'

export type Outcome =
  | { ok: true; value: unknown }
  | { ok: false; code: CryptoError['code']; message: string }

/** Errors lose their type on the way between threads, so they travel as values. */
const worker = {
  async call(method: keyof CryptoEngine, args: unknown[]): Promise<Outcome> {
    try {
      const run = signalEngine[method] as (...args: unknown[]) => Promise<unknown>
      return { ok: true, value: await run(...args) }
    } catch (error) {
      const code = error instanceof CryptoError ? error.code : 'internal'
      return { ok: false, code, message: error instanceof Error ? error.message : String(error) }
    }
  },
}

export type EngineWorker = typeof worker
expose(worker)
