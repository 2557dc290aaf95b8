/**
 * On the old device: seals its history into files, names them to the relay, and brings them up. What is not up when
 * the app closes lies here, sealed, and goes on at the next start.
 */
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

type Wanted =
  Parameters<typeof historyParts> extends [unknown, unknown, ...infer Rest] ? Rest : never

export class HistoryUpload {
  constructor(
    private readonly core: Core,
    private readonly blobs: SealedBlobs,
  ) {}

  /** Nothing leaves this device yet. See `historyParts`. */
  async seal(...wanted: Wanted): Promise<SealedPart[]> {
    const { engine, store, settings, account } = this.core
    const { userId, username } = account
    const fixed = { createdAt: this.core.now(), account: { userId, username }, settings }
    const parts: SealedPart[] = []
    for await (const content of historyParts(store, fixed, ...wanted)) {
      parts.push({ ...(await engine.sealFile(content)), size: content.length })
    }
    return parts
  }

  /** Room at the relay for as many as it takes. The files are kept here until they are up. */
  async announce(parts: readonly SealedPart[]): Promise<HistoryFile[]> {
    const rooms: string[] = []
    await this.findRooms(parts, rooms)
    const changes = new Changes()
    const files = this.stageOwed(changes, parts, rooms)
    await this.core.store.commit(changes)
    return files
  }

  /** Adds ids at the relay of the parts behind those that have one. False: the others have to wait for theirs. */
  async findRooms(parts: readonly SealedPart[], ids: string[]): Promise<boolean> {
    for (const { blob } of parts.slice(ids.length)) {
      try {
        ids.push(await this.blobs.create(blob.length))
      } catch (error) {
        if (!(error instanceof RelayError)) throw error
        if (error.code === 'rate_limited') return false
        // Nothing but more room at the relay would help.
        if (['storage_full', 'too_large', 'not_found'].includes(error.code)) return true
        throw error
      }
    }
    return true
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
}
