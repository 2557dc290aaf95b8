import { wrap } from 'comlink'
import type { CryptoEngine } from './engine'
import { CryptoError } from './errors'
import type { EngineWorker } from './worker'

export interface RemoteEngine {
  engine: CryptoEngine
  /** Ends the thread and with it every key it holds in memory. */
  terminate(): void
}

/** The engine in a Web Worker, behind the same interface. */
export function startEngine(): RemoteEngine {
  const thread = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  const worker = wrap<EngineWorker>(thread)
  const call =
    <K extends keyof CryptoEngine>(method: K) =>
    async (...args: unknown[]) => {
      const outcome = await worker.call(method, args)
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
  return { engine, terminate: () => thread.terminate() }
}
