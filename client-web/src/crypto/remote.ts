import { wrap } from 'comlink'
import type { Remote } from 'comlink'
import type { CryptoEngine } from './engine'
import { CryptoError } from './errors'
import type { EngineWorker } from './worker'

export interface RemoteEngine {
  engine: CryptoEngine
  /** Ends the thread and with it every key it holds in memory; what it was asked fails. */
  terminate(): void
}

interface Thread {
  worker: Remote<EngineWorker>
  /** Rejects when the thread is over. */
  over: Promise<never>
  end(reason: string): void
}

const startThread = (): Worker =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })

/**
 * The engine in a Web Worker, behind the same interface. A thread that breaks fails what it was
 * asked, instead of never answering, and the next call gets a new one.
 */
export function startEngine(start: () => Worker = startThread): RemoteEngine {
  let thread: Thread | null = null
  let terminated = false

  function begin(): Thread {
    const native = start()
    let fail: (error: CryptoError) => void = () => undefined
    const over = new Promise<never>((_, reject) => {
      fail = reject
    })
    over.catch(() => undefined)
    const begun: Thread = {
      worker: wrap<EngineWorker>(native),
      over,
      end(reason) {
        native.terminate()
        if (thread === begun) thread = null
        fail(new CryptoError('internal', reason))
      },
    }
    native.addEventListener('error', (event) => {
      event.preventDefault()
      begun.end('the engine broke')
    })
    native.addEventListener('messageerror', () => begun.end('the engine broke'))
    return begun
  }

  const call =
    <K extends keyof CryptoEngine>(method: K) =>
    async (...args: unknown[]) => {
      if (terminated) throw new CryptoError('internal', 'the engine was ended')
      thread ??= begin()
      const outcome = await Promise.race([thread.worker.call(method, args), thread.over])
      if (!outcome.ok) throw new CryptoError(outcome.code, outcome.message)
      return outcome.value
    }
  // Loading it takes a while: not only when the first message waits for it.
  thread = begin()
  const engine = {
    createIdentity: call('createIdentity'),
    createPrekeys: call('createPrekeys'),
    createSignedPrekey: call('createSignedPrekey'),
    startSession: call('startSession'),
    encrypt: call('encrypt'),
    inspect: call('inspect'),
    decrypt: call('decrypt'),
    describe: call('describe'),
    safetyNumber: call('safetyNumber'),
    isSigned: call('isSigned'),
  } as CryptoEngine
  return {
    engine,
    terminate() {
      terminated = true
      thread?.end('the engine was ended')
    },
  }
}
