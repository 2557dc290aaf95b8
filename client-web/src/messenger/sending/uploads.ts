/**
 * Files of messages that wait in the outbox, on their way to the relay. Once all of a message's are there, its content
 * names them and it is sent. What is under way survives a reload: the sealed file stays as it is, and where its upload
 * was begun is on disk.
 */
import { CryptoError } from '@/crypto/errors'
import { toBase64 } from '@/crypto/bytes'
import type { RemoteFiles } from '@/files/remote'
import type { SealedBlob } from '@/files/thread'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import { fileIdOf } from '@/messenger/core/file-record'
import { pointerOf } from '@/messenger/core/shown-file'
import type { FileRecord } from '@/messenger/core/file-record'
import { findMessage } from '@/messenger/core/kept-messages'
import type { OutboxRecord } from '@/messenger/core/records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Erasures } from '@/messenger/files/erasures'
import { hooksFor } from '@/messenger/files/hooks'
import type { KeptFiles } from '@/messenger/files/kept-files'
import type { ConversationId, FileId, SendProblem } from '@/messenger/contract'
import { StorageError } from '@/storage/errors'
import { RelayError } from '@/wire/errors'
import type { Outbox } from './outbox'

/** At the same time; a relay takes four of one account. */
const AT_ONCE = 2

export interface SealedFile extends SealedBlob {
  /** On this device. */
  name: string
}

export class Uploads {
  private readonly running = new Set<FileId>()
  private stopped = false

  constructor(
    private readonly core: Core,
    private readonly kept: KeptFiles,
    private readonly chats: Chats,
    private readonly outbox: Outbox,
    private readonly erasures: Erasures,
    private readonly thread: RemoteFiles,
  ) {}

  stop(): void {
    this.stopped = true
  }

  /** The contents sealed on this device, all or none; `stageKept` or `drop` has to follow. @throws StorageError */
  async seal(contents: readonly Blob[]): Promise<SealedFile[]> {
    const sealed: SealedFile[] = []
    try {
      for (const content of contents) {
        const name = crypto.randomUUID()
        this.kept.sealing.add(name)
        sealed.push({ name, ...(await this.thread.seal(name, content)) })
      }
      return sealed
    } catch (error) {
      await this.drop(sealed)
      throw error
    }
  }

  stageKept(
    changes: TurnChanges,
    conversation: ConversationId,
    files: readonly SealedFile[],
  ): void {
    for (const { name, digest, sealed: bytes } of files) {
      this.kept.stage(changes, { digest: toBase64(digest), name, conversation, bytes })
      changes.whenStored(() => this.kept.sealing.delete(name))
    }
  }

  async drop(files: readonly SealedFile[]): Promise<void> {
    for (const { name } of files) {
      await this.thread.remove(name)
      this.kept.sealing.delete(name)
    }
  }

  /** Begins what can be: of each message the files in their order. */
  kick(): void {
    for (const entry of this.outbox.entries.all) {
      if (!entry.uploads || entry.aside) continue
      for (const id of entry.uploads) {
        if (this.running.size >= AT_ONCE || !this.core.socket || this.stopped) return
        if (!this.running.has(id)) void this.run(entry, id)
      }
    }
  }

  private async run(entry: OutboxRecord, id: FileId): Promise<void> {
    this.running.add(id)
    try {
      await this.upload(entry, id)
    } catch (error) {
      if (!this.stopped) await this.failed(entry, id, error)
    } finally {
      this.running.delete(id)
      if (!this.stopped) this.kick()
    }
  }

  private async upload(entry: OutboxRecord, id: FileId): Promise<void> {
    const record = this.kept.get(id)
    if (!record || record.bytes === null) throw new StorageError('damaged', 'the file is gone')
    const placed = (begun: string | null): void => {
      // Not awaited: an upload that is begun twice costs the relay an hour's room, no more.
      this.kept.patch(id, begun === null ? {} : { begun }).catch(() => undefined)
    }
    const hooks = hooksFor(this.core, this.kept, id, 'up', record.bytes, placed)
    try {
      const blob = await this.thread.upload(id, record.name, record.begun ?? null, hooks)
      await this.arrived(entry, id, blob)
    } finally {
      hooks.end()
    }
  }

  /** The file is at the relay: its message names it, and leaves when it was the last. */
  private async arrived({ key, contentId, to }: OutboxRecord, id: FileId, blob: string) {
    const left = await this.core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      const entry = this.outbox.entries.get(key)
      const message = await findMessage(this.core.store, { sender: null, id: contentId })
      if (!entry || !message?.files) {
        // Deleted meanwhile.
        this.erasures.stage(changes, [blob])
        await this.core.store.commit(changes)
        return null
      }
      const files = message.files.map((one) => (fileIdOf(one) === id ? { ...one, id: blob } : one))
      this.chats.stageChanged(changes, { ...message, files })
      const uploads = entry.uploads?.filter((one) => one !== id) ?? []
      this.outbox.entries.stage(
        changes,
        uploads.length > 0 ? { ...entry, uploads } : whole(entry, files),
      )
      await this.core.store.commit(changes)
      return uploads.length
    })
    if (left === 0) this.outbox.kick(to)
  }

  private async failed(entry: OutboxRecord, id: FileId, error: unknown): Promise<void> {
    // Removed with its message.
    if (!this.kept.get(id) && !this.outbox.entries.get(entry.key)) return
    const problem = problemOf(error)
    const current = this.outbox.entries.get(entry.key)
    if (!current || current.aside) return
    if (problem === null) return reportError(error)
    await this.outbox.setAside(current, problem).catch(() => undefined)
  }
}

function whole(entry: OutboxRecord, files: readonly FileRecord[]): OutboxRecord {
  const { uploads: _, body, ...rest } = entry
  if (body.type !== 'text') return { ...rest, body }
  return { ...rest, body: { ...body, files: files.map(pointerOf) } }
}

/** Null: nothing is known of it, or it passes; the next start tries again. */
function problemOf(error: unknown): SendProblem | null {
  if (error instanceof RelayError) {
    if (error.code === 'too_large') return 'file_too_large'
    return error.code === 'storage_full' ? 'files_full' : 'set_aside'
  }
  if (error instanceof StorageError && error.code === 'damaged') return 'file_lost'
  return error instanceof CryptoError || error instanceof StorageError ? 'set_aside' : null
}
