/**
 * On the old device: seals its history into files, names them to the relay, and brings them up. What is not up when
 * the app closes lies here, sealed, and goes on at the next start.
 */
import type { Bytes } from '@/crypto/bytes'
import type { Core } from '@/messenger/core/core'
import { historyOwed } from '@/messenger/core/linking-records'
import type { HistoryFile } from '@/messenger/core/linking-records'
import { Changes } from '@/storage/changes'
import { RelayError } from '@/wire/errors'
import type { SealedFile } from '@/crypto/files/sealed-file'
import type { SealedBlobs } from '@/wire/sealed-blobs'
import { historyParts } from './history-parts'

export const OWED = 'history_owed/'
/** The new device gave up by then, or the relay did, ms. */
export const KEPT = 7 * 24 * 3_600_000

export interface SealedPart extends SealedFile {
  size: number
}

export class HistoryUpload {
  constructor(
    private readonly core: Core,
    private readonly blobs: SealedBlobs,
  ) {}

  /** Nothing leaves this device yet. */
  async seal(): Promise<SealedPart[]> {
    const { store, settings, account } = this.core
    const { userId, username } = account
    const fixed = { createdAt: this.core.now(), account: { userId, username }, settings }
    const parts: SealedPart[] = []
    for await (const content of historyParts(store, fixed)) {
      parts.push(await this.sealPart(content))
    }
    return parts
  }

  async sealPart(content: Bytes): Promise<SealedPart> {
    return { ...(await this.core.engine.sealFile(content)), size: content.length }
  }

  /** Room at the relay for as many as it takes; the others stay behind. The files are kept here until they are up. */
  async announce(parts: readonly SealedPart[]): Promise<HistoryFile[]> {
    const rooms = await this.rooms(parts)
    const changes = new Changes()
    const files = this.stageOwed(changes, parts, rooms)
    await this.core.store.commit(changes)
    return files
  }

  /** Ids at the relay, for the first of the parts: as many as it takes. */
  async rooms(parts: readonly SealedPart[]): Promise<string[]> {
    const ids: string[] = []
    for (const { blob } of parts) {
      const id = await this.room(blob.length)
      if (id === null) break
      ids.push(id)
    }
    return ids
  }

  stageOwed(
    changes: Changes,
    parts: readonly SealedPart[],
    rooms: readonly string[],
  ): HistoryFile[] {
    const at = this.core.now()
    return rooms.flatMap((id, i) => {
      const part = parts[i]
      if (!part) return []
      const { blob, key, digest, size } = part
      changes.write(historyOwed, OWED + id, { id, blob, at: at + i })
      return [{ id, key, digest, size }]
    })
  }

  /** Brings up what lies here. Throws where the way is cut; the rest is for later. */
  async run(): Promise<void> {
    const { store } = this.core
    for (;;) {
      const next = await this.next()
      if (!next) return
      const { id, blob, at } = next
      if (this.core.now() < at + KEPT) await this.bringUp(id, blob)
      await store.commit(new Changes().remove('records', OWED + id))
    }
  }

  private async next() {
    const { store } = this.core
    const keys = (await store.keys('records')).filter((key) => key.startsWith(OWED))
    const owed = await Promise.all(keys.map((key) => store.getSpare(historyOwed, key)))
    return owed.flatMap((one) => one ?? []).toSorted((a, b) => a.at - b.at)[0]
  }

  private async bringUp(id: string, blob: SealedFile['blob']): Promise<void> {
    try {
      await this.blobs.upload(id, blob)
    } catch (error) {
      // The new device has it already, or the relay gave it up.
      if (!(error instanceof RelayError && error.code === 'not_found')) throw error
    }
  }

  /** Null where the relay takes no more files for now. */
  private async room(size: number): Promise<string | null> {
    try {
      return await this.blobs.create(size)
    } catch (error) {
      const full =
        error instanceof RelayError &&
        ['storage_full', 'rate_limited', 'too_large', 'not_found'].includes(error.code)
      if (full) return null
      throw error
    }
  }
}
