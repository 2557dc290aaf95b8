/** What a transfer's thread reports, as views see it. */
import type { TransferHooks } from '@/files/thread'
import type { Core } from '@/messenger/core/core'
import type { FileId, FileState } from '@/messenger/contract'
import type { KeptFiles } from './kept-files'

type Moving = Extract<FileState, { phase: 'up' | 'down' }>

/** Until `end`. */
export function hooksFor(
  core: Core,
  kept: KeptFiles,
  id: FileId,
  phase: Moving['phase'],
  total: number,
  placed: (id: string | null) => void = () => undefined,
): TransferHooks & { end(): void } {
  let state: Moving | null = { phase, done: 0, total, waitsUntil: null }
  const show = (patch: Partial<Moving>): void => {
    if (!state) return
    state = { ...state, ...patch }
    kept.move(id, state)
  }
  show({})
  return {
    token: (renew) => core.api.token(renew),
    placed,
    progress: (done) => show({ done }),
    waits: (wait) => show({ waitsUntil: wait === null ? null : core.elapsed() + wait }),
    end() {
      state = null
      kept.move(id, null)
    },
  }
}
