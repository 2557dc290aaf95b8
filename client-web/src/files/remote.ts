/** The files' thread, as its page sees it: begun with the first file, fetched when it is begun. */
import { proxy, wrap } from 'comlink'
import type { Remote } from 'comlink'
import { CryptoError } from '@/crypto/errors'
import { StorageError, storageError } from '@/storage/errors'
import { RelayError } from '@/wire/errors'
import type { FilesThread } from './files-thread'
import { directoryOf } from './erase-sealed-files'
import type { FileCalls, FileOutcome, TransferHooks } from './thread'

export interface RemoteFiles extends FileCalls {
  /** Ends the thread and with it every transfer. */
  terminate(): void
}

const startThread = (): Worker =>
  new Worker(new URL('./files-thread.ts', import.meta.url), { type: 'module' })

/** `relay`: its address; `database`: whose files these are. Calls throw CryptoError, RelayError, StorageError. */
export function startFiles(relay: string, database: string, start = startThread): RemoteFiles {
  let native: Worker | null = null
  let worker: Remote<FilesThread> | null = null
  let fail: (error: Error) => void = () => undefined
  let over: Promise<never> = Promise.reject(new Error('not begun'))
  over.catch(() => undefined)
  let terminated = false

  function begin(): Remote<FilesThread> {
    if (terminated) throw new CryptoError('internal', 'the files were ended')
    const begun = (native = start())
    over = new Promise((_, reject) => (fail = reject))
    over.catch(() => undefined)
    const thread = (worker = wrap<FilesThread>(begun))
    begun.addEventListener('error', (event) => {
      event.preventDefault()
      begun.terminate()
      const code = event instanceof ErrorEvent ? 'internal' : 'not_loaded'
      fail(new CryptoError(code, 'the thread of files ended'))
      if (native === begun) worker = native = null
    })
    void thread.begin(`${relay}/v1/blobs`, directoryOf(database))
    return thread
  }

  async function ask(method: keyof FileCalls, args: unknown[], hooks?: TransferHooks) {
    const thread = worker ?? begin()
    const given = hooks ? [proxied(hooks)] : []
    const outcome = await Promise.race([thread.call(method, args, ...given), over])
    if (outcome.ok) return outcome.value
    throw errorOf(outcome)
  }
  const call =
    (method: keyof FileCalls) =>
    (...args: unknown[]) =>
      ask(method, args)
  const withHooks =
    (method: keyof FileCalls) =>
    (...args: unknown[]) =>
      ask(method, args.slice(0, -1), args.at(-1) as TransferHooks)

  const calls = {
    seal: call('seal'),
    upload: withHooks('upload'),
    place: call('place'),
    complete: withHooks('complete'),
    download: withHooks('download'),
    open: call('open'),
    cancel: call('cancel'),
    erase: call('erase'),
    mostBytes: call('mostBytes'),
    remove: call('remove'),
    names: call('names'),
  } satisfies Record<keyof FileCalls, unknown> as unknown as FileCalls
  return {
    ...calls,
    terminate() {
      terminated = true
      native?.terminate()
      worker = native = null
      fail(new CryptoError('internal', 'the files were ended'))
    },
  }
}

/** A function crosses between threads only alone, not within an object. */
const proxied = (hooks: TransferHooks): TransferHooks => proxy(hooks)

function errorOf(outcome: Exclude<FileOutcome, { ok: true }>): Error {
  switch (outcome.kind) {
    case 'crypto':
      return new CryptoError(outcome.code, outcome.message)
    case 'relay':
      return new RelayError(outcome.code, outcome.message, outcome.retryAfter)
    case 'other': {
      if (outcome.name === 'AbortError') return new DOMException('cancelled', 'AbortError')
      if (outcome.name === 'QuotaExceededError') return new StorageError('full')
      return storageError(new Error(outcome.message))
    }
  }
}
