/** Files in a thread of their own: sealing one keeps neither typing nor the engine waiting. */
import { expose } from 'comlink'
import { fileCalls, outcomeOf } from './thread'
import type { FileCalls, FileOutcome } from './thread'

let calls: FileCalls | null = null

const thread = {
  begin(endpoint: string, directory: string): void {
    calls = fileCalls(endpoint, directory)
  },
  call(method: keyof FileCalls, args: unknown[], ...hooks: unknown[]): Promise<FileOutcome> {
    return outcomeOf(() => {
      if (!calls) throw new Error('the thread has not begun')
      const run = calls[method] as (...given: unknown[]) => Promise<unknown>
      return run(...args, ...hooks)
    })
  },
}
export type FilesThread = typeof thread

expose(thread)
