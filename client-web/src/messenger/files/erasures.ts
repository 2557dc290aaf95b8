/** Blobs of ours that nobody needs any more. Each is named on disk until the relay has erased it. */
import type { Core } from '@/messenger/core/core'
import { TurnChanges } from '@/messenger/core/serial'
import { textLists } from '@/messenger/core/stored-records'
import type { RemoteFiles } from '@/files/remote'
import { RelayError } from '@/wire/errors'

const RECORD = 'erasures'

export class Erasures {
  private ids: readonly string[] = []
  private readonly staged = new WeakMap<TurnChanges, readonly string[]>()
  private running = false
  private stopped = false

  constructor(
    private readonly core: Core,
    private readonly thread: () => Promise<RemoteFiles>,
  ) {}

  async load(): Promise<void> {
    this.ids = (await this.core.store.getSpare(textLists, RECORD)) ?? []
  }

  stop(): void {
    this.stopped = true
  }

  stage(changes: TurnChanges, ids: readonly string[]): void {
    if (ids.length === 0) return
    const before = this.staged.get(changes) ?? this.ids
    this.write(changes, [...new Set([...before, ...ids])])
    changes.whenStored(() => void this.run())
  }

  /** Erases what is due; what the relay does not do now, the next connection asks for again. */
  async run(): Promise<void> {
    if (this.running) return
    this.running = true
    try {
      while (this.ids.length > 0 && this.core.socket) {
        const [id] = this.ids as [string]
        const thread = await this.thread()
        await thread.erase(id, await this.core.api.token(false))
        await this.core.serial.run(async (turn) => {
          const changes = new TurnChanges(turn)
          const left = this.ids.filter((one) => one !== id)
          this.write(changes, left)
          await this.core.store.commit(changes)
        })
      }
    } catch (error) {
      if (this.stopped) return
      if (!(error instanceof RelayError) && (error as Error).name !== 'StorageError') throw error
    } finally {
      this.running = false
    }
  }

  private write(changes: TurnChanges, ids: readonly string[]): void {
    if (ids.length === 0) changes.remove('records', RECORD)
    else changes.write(textLists, RECORD, [...ids])
    this.staged.set(changes, ids)
    changes.whenStored(() => (this.ids = ids))
  }
}
