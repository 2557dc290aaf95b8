import { wrap } from 'comlink'
import type { Remote } from 'comlink'
import type { EngineThread, ThreadCalls } from './engine-thread'
import { CryptoError } from '@/crypto/errors'
import type { CryptoErrorCode } from '@/crypto/errors'
import type { SafeAccess, SafeControl, SealedEngine } from './engine'

export interface RemoteEngine extends Pick<SafeControl, 'createSafe' | 'rewrapSafe'> {
  /** Calls wait until the safe is open. */
  engine: SealedEngine
  /** Opens the safe, also in each later thread that replaces this one. @throws CryptoError `damaged` */
  unlock(access: () => Promise<SafeAccess>): Promise<void>
  /** Ends the thread, and so erases the keys in its memory. Pending calls fail. */
  terminate(): void
}

interface Thread {
  worker: Remote<EngineThread>
  /** Resolves once the safe is open, if there is one. */
  ready: Promise<void>
  /** Rejects when the thread ends. */
  over: Promise<never>
  end(reason: string, code?: CryptoErrorCode): void
}

const startThread = (): Worker =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })

/**
 * The engine in a Web Worker. If the thread fails, pending calls fail with it, and the next call starts a new
 * thread.
 */
export function startEngine(start: () => Worker = startThread): RemoteEngine {
  let thread: Thread | null = null
  let terminated = false
  let safeAccess: (() => Promise<SafeAccess>) | null = null

  function begin(): Thread {
    const native = start()
    let fail: (error: CryptoError) => void = () => undefined
    const over = new Promise<never>((_, reject) => {
      fail = reject
    })
    over.catch(() => undefined)
    const begun: Thread = {
      worker: wrap<EngineThread>(native),
      ready: Promise.resolve(),
      over,
      end(reason, code = 'internal') {
        native.terminate()
        if (thread === begun) thread = null
        fail(new CryptoError(code, reason))
      },
    }
    native.addEventListener('error', (event) => {
      event.preventDefault()
      // A script that throws while it runs raises an `ErrorEvent`; one that does not start raises a plain event.
      if (event instanceof ErrorEvent) begun.end('the engine broke')
      else begun.end('the engine did not start', 'not_loaded')
    })
    native.addEventListener('messageerror', () => begun.end('the engine broke'))
    if (safeAccess) open(begun, safeAccess)
    return begun
  }

  /** A thread whose safe does not open is ended: the next call tries again. */
  function open(begun: Thread, access: () => Promise<SafeAccess>): void {
    begun.ready = access().then((how) => ask(begun, 'openSafe', [how]) as Promise<void>)
    begun.ready.catch(() => begun.end('the safe did not open'))
  }

  function current(): Thread {
    if (terminated) throw new CryptoError('internal', 'the engine was ended')
    thread ??= begin()
    return thread
  }

  async function ask(asked: Thread, method: keyof ThreadCalls, args: unknown[]): Promise<unknown> {
    const outcome = await Promise.race([asked.worker.call(method, args), asked.over])
    if (!outcome.ok) throw new CryptoError(outcome.code, outcome.message)
    return outcome.value
  }

  const call =
    (method: keyof SealedEngine) =>
    async (...args: unknown[]) => {
      const asked = current()
      await asked.ready
      return ask(asked, method, args)
    }
  // Starts the thread before the first message needs it, because loading takes time.
  thread = begin()
  const engine = {
    createIdentity: call('createIdentity'),
    createPrekeys: call('createPrekeys'),
    createSignedPrekey: call('createSignedPrekey'),
    createKemPrekeys: call('createKemPrekeys'),
    startSession: call('startSession'),
    encrypt: call('encrypt'),
    inspect: call('inspect'),
    decrypt: call('decrypt'),
    describe: call('describe'),
    safetyNumber: call('safetyNumber'),
    isSigned: call('isSigned'),
    sealBackup: call('sealBackup'),
    openBackup: call('openBackup'),
    offerLink: call('offerLink'),
    meetLink: call('meetLink'),
    joinLink: call('joinLink'),
    confirmLink: call('confirmLink'),
    sealToLink: call('sealToLink'),
    openFromLink: call('openFromLink'),
    sealAccountToLink: call('sealAccountToLink'),
    takeAccountFromLink: call('takeAccountFromLink'),
    endLink: call('endLink'),
  } satisfies Record<keyof SealedEngine, unknown> as SealedEngine
  return {
    engine,
    createSafe: (async (...args) =>
      ask(current(), 'createSafe', args)) as RemoteEngine['createSafe'],
    rewrapSafe: (async (...args) =>
      ask(current(), 'rewrapSafe', args)) as RemoteEngine['rewrapSafe'],
    async unlock(access) {
      safeAccess = access
      const opened = current()
      open(opened, access)
      await opened.ready
    },
    terminate() {
      terminated = true
      thread?.end('the engine was ended')
    },
  }
}
