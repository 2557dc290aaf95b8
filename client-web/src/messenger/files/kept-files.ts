/** The sealed files on this device: what is known of each, and what views are told of it. */
import { CachedTable } from '@/messenger/core/cached-table'
import type { Core } from '@/messenger/core/core'
import { fileIdOf } from '@/messenger/core/file-record'
import type { FileRecord } from '@/messenger/core/file-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { OWED, WANTED } from '@/messenger/core/record-names'
import type { KeptFileRecord } from '@/messenger/core/records'
import { TurnChanges } from '@/messenger/core/serial'
import { keptFiles } from '@/messenger/core/stored-records'
import type { ConversationId, FileId, FileState, FileUse } from '@/messenger/contract'
import type { RemoteFiles } from '@/files/remote'

export class KeptFiles {
  private readonly records = new CachedTable<FileId, KeptFileRecord>(keptFiles)
  private readonly moving = new Map<FileId, FileState>()

  constructor(
    private readonly core: Core,
    private readonly thread: () => Promise<RemoteFiles>,
  ) {}

  async load(): Promise<void> {
    for (const record of await this.core.store.all(keptFiles)) {
      this.records.load(record.digest, record)
      if (record.bytes !== null) this.core.view.file(record.digest, { phase: 'here' })
    }
  }

  get(id: FileId): KeptFileRecord | undefined {
    return this.records.get(id)
  }

  stage(changes: TurnChanges, record: KeptFileRecord): void {
    this.records.stage(changes, record.digest, record)
    changes.whenStored(() => this.show(record.digest))
  }

  /** Adds `patch`, unless the file has gone since. */
  async patch(id: FileId, patch: Partial<KeptFileRecord>): Promise<void> {
    await this.core.serial.run(async (turn) => {
      const record = this.records.get(id)
      if (!record) return
      const changes = new TurnChanges(turn)
      this.stage(changes, { ...record, ...patch })
      await this.core.store.commit(changes)
    })
  }

  stageRemoval(changes: TurnChanges, id: FileId): void {
    const record = this.records.get(id, changes)
    if (!record) return
    this.records.stageRemoval(changes, id)
    changes.whenStored(() => {
      this.move(id, null)
      // What a thread that ends now leaves, the next start removes.
      this.erase(id, record).catch(() => undefined)
    })
  }

  /** `spared`: those that are still to be sent. */
  stageConversationRemoval(
    changes: TurnChanges,
    conversation: ConversationId,
    spared: ReadonlySet<FileId> = new Set(),
  ): void {
    for (const record of this.records.all.values()) {
      if (record.conversation !== conversation || spared.has(record.digest)) continue
      this.stageRemoval(changes, record.digest)
    }
  }

  stageMessageRemoval(changes: TurnChanges, { files = [] }: MessageRecord): void {
    for (const file of files) this.stageRemoval(changes, fileIdOf(file))
  }

  /** As long as it is on its way, that is what views are told; null: it is not any more. */
  move(id: FileId, state: FileState | null): void {
    if (state) this.moving.set(id, state)
    else this.moving.delete(id)
    this.show(id)
  }

  /** `lost`: why it is not here. */
  show(id: FileId, lost: FileState | null = null): void {
    const here = this.records.get(id)
    const rest: FileState | null = here && here.bytes !== null ? { phase: 'here' } : lost
    this.core.view.file(id, this.moving.get(id) ?? rest)
  }

  /** @throws CryptoError `bad_file` */
  async open({ name }: KeptFileRecord, file: FileRecord, type: string): Promise<Blob> {
    return (await this.thread()).open(name, file.key, file.size, type)
  }

  use(): FileUse[] {
    const sums = new Map<ConversationId, FileUse>()
    for (const { conversation, bytes } of this.records.all.values()) {
      const before = sums.get(conversation) ?? { conversation, files: 0, bytes: 0 }
      const { files, bytes: sum } = before
      sums.set(conversation, { conversation, files: files + 1, bytes: sum + (bytes ?? 0) })
    }
    return [...sums.values()].toSorted((a, b) => b.bytes - a.bytes)
  }

  /** Names of files that are sealed now and have no record yet. */
  readonly sealing = new Set<string>()

  get isEmpty(): boolean {
    return this.records.all.size === 0
  }

  /** Removes files that no record names: a page ended between sealing one and storing its message, or its part of history. */
  async sweep(): Promise<void> {
    const thread = await this.thread()
    const found = await thread.names()
    const kept = new Set([...this.records.all.values()].map(({ name }) => name))
    const others = found.filter((name) => !kept.has(name) && !this.sealing.has(name))
    // Read after `sealing`: a name leaves that once its record is stored.
    const records = new Set(await this.core.store.keys('records'))
    for (const name of others) {
      const isWanted = name.startsWith(WANTED) && records.has(WANTED)
      if (!isWanted && !records.has(OWED + name)) await thread.remove(name)
    }
  }

  private async erase(id: FileId, { name }: KeptFileRecord): Promise<void> {
    const thread = await this.thread()
    await thread.cancel(id)
    await thread.remove(name)
  }
}
