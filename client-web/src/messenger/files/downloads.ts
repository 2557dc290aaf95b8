/** Files of messages, fetched when they are wanted, once each, and kept sealed. Nothing is shown that has another digest. */
import type { Core } from '@/messenger/core/core'
import { fileIdOf } from '@/messenger/core/file-record'
import { safeType } from '@/messenger/core/shown-file'
import type { FileRecord } from '@/messenger/core/file-record'
import { TurnChanges } from '@/messenger/core/serial'
import { MessengerError } from '@/messenger/contract'
import type { ConversationId, FileId } from '@/messenger/contract'
import { CryptoError } from '@/crypto/errors'
import { mostSealed } from '@/crypto/files/blob'
import { RelayError } from '@/wire/errors'
import type { RemoteFiles } from '@/files/remote'
import { hooksFor } from './hooks'
import type { KeptFiles } from './kept-files'

/** At the same time; the others wait their turn. */
const AT_ONCE = 3

export class Downloads {
  private readonly running = new Map<FileId, Promise<void>>()
  private readonly waiting: (() => void)[] = []
  private busy = 0

  constructor(
    private readonly core: Core,
    private readonly kept: KeptFiles,
    private readonly thread: RemoteFiles,
  ) {}

  /** @throws MessengerError `not_found`, `file_broken`, `cancelled` and those of the way to the relay */
  async open(conversation: ConversationId, file: FileRecord): Promise<Blob> {
    const id = fileIdOf(file)
    const here = this.kept.get(id)
    if (here && here.bytes !== null) {
      try {
        return await this.kept.open(here, file, safeType(file))
      } catch (error) {
        if (!(error instanceof CryptoError) || error.code !== 'bad_file') throw error
        // The browser has thrown it away, or the disk lost it.
        await this.forget(id)
      }
    }
    await this.fetch(conversation, file)
    const record = this.kept.get(id)
    if (!record) throw new MessengerError('cancelled')
    return this.kept.open(record, file, safeType(file))
  }

  async cancel(id: FileId): Promise<void> {
    if (!this.running.has(id)) return
    await this.thread.cancel(id)
    await this.forget(id)
  }

  private fetch(conversation: ConversationId, file: FileRecord): Promise<void> {
    const id = fileIdOf(file)
    const running = this.running.get(id)
    if (running) return running
    const job = this.inTurn(() => this.download(conversation, file)).finally(() =>
      this.running.delete(id),
    )
    this.running.set(id, job)
    return job
  }

  private async inTurn(work: () => Promise<void>): Promise<void> {
    if (this.busy >= AT_ONCE) await new Promise<void>((turn) => this.waiting.push(turn))
    this.busy += 1
    try {
      await work()
    } finally {
      this.busy -= 1
      this.waiting.shift()?.()
    }
  }

  private async download(conversation: ConversationId, file: FileRecord): Promise<void> {
    const { id: blob, digest, size } = file
    if (blob === null) throw new MessengerError('gone')
    const id = fileIdOf(file)
    const { name } = this.kept.get(id) ?? (await this.begin(conversation, id))
    const hooks = hooksFor(this.core, this.kept, id, 'down', mostSealed(size))
    try {
      const bytes = await this.thread.download(id, name, { id: blob, digest, size }, hooks)
      await this.kept.patch(id, { bytes })
    } catch (error) {
      hooks.end()
      throw await this.explain(id, error)
    }
    hooks.end()
  }

  /** The record is there first: a page that ends meanwhile leaves no file that nothing names. */
  private async begin(conversation: ConversationId, id: FileId): Promise<{ name: string }> {
    const record = { digest: id, name: crypto.randomUUID(), conversation, bytes: null }
    await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      this.kept.stage(changes, record)
      await this.core.store.commit(changes)
    })
    return record
  }

  private async explain(id: FileId, error: unknown): Promise<unknown> {
    if (error instanceof DOMException && error.name === 'AbortError') {
      return new MessengerError('cancelled', 'the download was cancelled')
    }
    const gone = error instanceof RelayError && error.code === 'not_found'
    const broken = error instanceof CryptoError && error.code === 'bad_file'
    if (!gone && !broken) {
      this.kept.show(id)
      return error
    }
    await this.forget(id)
    this.kept.show(id, { phase: gone ? 'gone' : 'broken' })
    return gone ? new MessengerError('gone', '', {}, { cause: error }) : error
  }

  private forget(id: FileId): Promise<void> {
    return this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      this.kept.stageRemoval(changes, id)
      await this.core.store.commit(changes)
    })
  }
}
