/**
 * On the old device: seals its history into files, names them to the relay, and brings them up. What is not up when
 * the app closes lies here, sealed, and goes on at the next start.
 */
import type { SealedFile, Uploads } from '@/messenger/sending/uploads'
import { historyOwed } from '@/messenger/core/linking-records'
import type { HistoryFile, HistoryOwed } from '@/messenger/core/linking-records'
import { OWED } from '@/messenger/core/record-names'
import type { Services } from '@/messenger/session/services'
import { Changes } from '@/storage/changes'
import { RelayError } from '@/wire/errors'
import { historyParts } from './history-parts'
import { hooksOf } from './history-hooks'

/** The new device gave up by then, or the relay did, ms. */
export const KEPT = 7 * 24 * 3_600_000

type Wanted =
  Parameters<typeof historyParts> extends [unknown, unknown, ...infer Rest] ? Rest : never

export class HistoryUpload {
  constructor(private readonly services: Pick<Services, 'core' | 'files'>) {}

  /** Nothing leaves this device yet; `drop`, or `stageOwed` and `stored`, have to follow. See `historyParts`. */
  async seal(...wanted: Wanted): Promise<SealedFile[]> {
    const { core, files } = this.services
    const { store, settings, account, now } = core
    const { userId, username } = account
    const uploads = await this.uploads()
    await files.kept.sweep()
    const fixed = { createdAt: now(), account: { userId, username }, settings }
    const parts: SealedFile[] = []
    try {
      for await (const content of historyParts(store, fixed, ...wanted)) {
        parts.push(...(await uploads.seal([new Blob([content])])))
      }
      return parts
    } catch (error) {
      await uploads.drop(parts)
      throw error
    }
  }

  async drop(parts: readonly SealedFile[]): Promise<void> {
    await (await this.uploads()).drop(parts)
  }

  /** Room at the relay for as many as it takes. The files are kept here until they are up, the others are dropped. */
  async announce(parts: readonly SealedFile[]): Promise<HistoryFile[]> {
    const rooms: string[] = []
    try {
      await this.findRooms(parts, rooms)
      const changes = new Changes()
      const files = this.stageOwed(changes, parts, rooms)
      await this.services.core.store.commit(changes)
      await this.stored(parts, rooms)
      return files
    } catch (error) {
      await this.drop(parts)
      throw error
    }
  }

  /** Adds ids at the relay of the parts behind those that have one. False: the others have to wait for theirs. */
  async findRooms(parts: readonly SealedFile[], ids: string[]): Promise<boolean> {
    const { core, files } = this.services
    const { thread } = await files.transfers()
    for (const { sealed } of parts.slice(ids.length)) {
      try {
        ids.push(await core.api.withToken((token) => thread.place(sealed, token)))
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
    parts: readonly SealedFile[],
    rooms: readonly string[],
  ): HistoryFile[] {
    const at = this.services.core.now()
    return rooms.flatMap((id, i) => {
      const part = parts[i]
      if (!part) return []
      const { name, key, digest, size } = part
      changes.write(historyOwed, OWED + name, { id, sealed: name, at: at + i })
      return [{ id, key, digest, size }]
    })
  }

  /** After the commit of `stageOwed`: drops the parts without room. */
  async stored(parts: readonly SealedFile[], rooms: readonly string[]): Promise<void> {
    for (const { name } of parts.slice(0, rooms.length)) {
      this.services.files.kept.sealing.delete(name)
    }
    await this.drop(parts.slice(rooms.length))
  }

  /** Brings up what lies here. Throws where the way is cut; the rest is for later. */
  async run(): Promise<void> {
    const { core, files } = this.services
    for (;;) {
      const next = await this.next()
      if (!next) return
      const { key, owed } = next
      const { thread } = await files.transfers()
      if (core.now() < owed.at + KEPT) await this.bringUp(owed)
      // Before the record: nothing lies here that no record names.
      if (typeof owed.sealed === 'string') await thread.remove(owed.sealed)
      await core.store.commit(new Changes().remove('records', key))
    }
  }

  private async next(): Promise<{ key: string; owed: HistoryOwed } | undefined> {
    const { store } = this.services.core
    const keys = (await store.keys('records')).filter((key) => key.startsWith(OWED))
    const all = await Promise.all(
      keys.map(async (key) => {
        const owed = await store.getSpare(historyOwed, key)
        return owed ? [{ key, owed }] : []
      }),
    )
    return all.flat().toSorted((a, b) => a.owed.at - b.owed.at)[0]
  }

  private async bringUp({ id, sealed }: HistoryOwed): Promise<void> {
    const { core, files } = this.services
    const { thread } = await files.transfers()
    const blob = typeof sealed === 'string' ? sealed : new Blob([sealed])
    try {
      await thread.complete(id, blob, id, hooksOf(core))
    } catch (error) {
      // The new device has it already, or the relay gave it up.
      if (!(error instanceof RelayError && error.code === 'not_found')) throw error
    }
  }

  private async uploads(): Promise<Uploads> {
    return (await this.services.files.transfers()).uploads
  }
}
