import { wrap } from 'comlink'
import { StorageError } from '@/storage/errors'
import type { CryptoEngine } from './engine'
import { CryptoError } from './errors'
import type { EngineWorker, Outcome } from './worker'

export interface RemoteEngine {
  engine: CryptoEngine
  /**
   * Ends the thread and with it every key it holds in memory. Calls under way, and later ones,
   * fail `locked`: one that stayed unanswered would keep whoever waits for its turn for ever.
   */
  terminate(): void
}

/** The engine in a Web Worker, behind the same interface. */
export function startEngine(): RemoteEngine {
  const thread = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  const worker = wrap<EngineWorker>(thread)
  const waiting = new Set<(error: Error) => void>()
  let ended = false
  const ask = (method: keyof CryptoEngine, args: unknown[]): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(new StorageError('locked'))
      waiting.add(reject)
      worker
        .call(method, args)
        .then(resolve, reject)
        .finally(() => waiting.delete(reject))
    })
  const call =
    <K extends keyof CryptoEngine>(method: K) =>
    async (...args: unknown[]) => {
      const outcome = await ask(method, args)
      if (!outcome.ok) throw new CryptoError(outcome.code, outcome.message)
      return outcome.value
    }
  const engine = {
    createIdentity: call('createIdentity'),
    createPrekeys: call('createPrekeys'),
    createSignedPrekey: call('createSignedPrekey'),
    startSession: call('startSession'),
    encrypt: call('encrypt'),
    inspect: call('inspect'),
    decrypt: call('decrypt'),
    describe: call('describe'),
  } as CryptoEngine
  return {
    engine,
    terminate() {
      ended = true
      thread.terminate()
      for (const reject of waiting) reject(new StorageError('locked'))
      waiting.clear()
    },
  }
}
