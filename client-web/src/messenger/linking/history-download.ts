/**
 * On the new device: fetches the files of the history in their order and merges each into the conversations, in one
 * transaction with the note that it came.
 */
import { fromBase64 } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import type { RemoteFiles } from '@/files/remote'
import { readContent } from '@/messenger/backup/backup-content'
import type { BackupContent } from '@/messenger/backup/backup-mapping'
import { MessengerError } from '@/messenger/contract'
import { historyNamed, historyWanted } from '@/messenger/core/linking-records'
import { NAMED, WANTED } from '@/messenger/core/record-names'
import type { HistoryFile, HistoryWanted } from '@/messenger/core/linking-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Services } from '@/messenger/session/services'
import { RelayError } from '@/wire/errors'
import { hooksOf } from './history-hooks'
import { stageHistory } from './stage-history'

/** The old device brings them up within this time, ms. */
const WAITS = 7 * 24 * 3_600_000

export class HistoryDownload {
  constructor(private readonly services: Services) {}

  /** Resolves when nothing is to come any more that is known. Throws where the way is cut, or no file is up yet. */
  async run(): Promise<void> {
    const { core } = this.services
    try {
      await this.takeNamed()
      for (;;) {
        const wanted = await core.store.getSpare(historyWanted, WANTED)
        if (!wanted) return
        const [file] = wanted.files
        const isOver = core.now() > wanted.at + WAITS || (!file && !wanted.restOwed)
        if (isOver) return await this.finish(wanted)
        // The old device names the rest in a content.
        if (!file) return
        this.show(wanted)
        await this.takeNext(wanted.files)
      }
    } finally {
      core.view.progress('history', null)
    }
  }

  /** Adds the rest, named once, to what is wanted. */
  private async takeNamed(): Promise<void> {
    const { core } = this.services
    await core.serial.run(async (turn) => {
      const named = await core.store.getSpare(historyNamed, NAMED)
      if (!named) return
      const changes = new TurnChanges(turn).remove('records', NAMED)
      const wanted = await core.store.getSpare(historyWanted, WANTED)
      if (wanted?.restOwed) {
        const rest = named.map(({ id, key, digest, size }) => ({
          id,
          key: fromBase64(key),
          digest: fromBase64(digest),
          size,
        }))
        const total = rest.reduce((sum, { size }) => sum + size, wanted.total)
        const files = [...wanted.files, ...rest]
        changes.write(historyWanted, WANTED, { ...wanted, files, total, restOwed: false })
      }
      await core.store.commit(changes)
    })
  }

  private show({ files, total }: HistoryWanted): void {
    const left = files.reduce((sum, { size }) => sum + size, 0)
    const progress = { task: 'history' as const, done: total - left, total, cancellable: false }
    this.services.core.view.progress('history', progress)
  }

  /** The first that is up: one that the relay gave up keeps none of the others back. @throws RelayError `not_found` */
  private async takeNext(files: readonly HistoryFile[]): Promise<void> {
    for (const [at, file] of files.entries()) {
      try {
        return await this.take(file)
      } catch (error) {
        const isMissing = error instanceof RelayError && error.code === 'not_found'
        if (!isMissing || at === files.length - 1) throw error
      }
    }
  }

  /** A file that is not what it was said to be is passed over. */
  private async take(file: HistoryFile): Promise<void> {
    const { core, chats, files: transferred } = this.services
    const content = await this.fetch(file)
    await core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      const wanted = await core.store.getSpare(historyWanted, WANTED)
      if (!wanted) return
      const files = wanted.files.filter(({ id }) => id !== file.id)
      changes.write(historyWanted, WANTED, { ...wanted, files })
      if (content) await stageHistory(this.services, changes, content)
      transferred.erasures.stage(changes, [file.id])
      await core.store.commit(changes)
    })
    await chats.openChat.mayHaveOlder()
  }

  /** Null for one that is not what it was said to be. */
  private async fetch(file: HistoryFile): Promise<BackupContent | null> {
    const { core, files } = this.services
    const { thread } = await files.transfers()
    const name = await nameOf(file)
    const content = await this.read(thread, name, file)
    await thread.remove(name)
    return content?.account.userId === core.account.userId ? content : null
  }

  private async read(
    thread: RemoteFiles,
    name: string,
    { id, key, digest, size }: HistoryFile,
  ): Promise<BackupContent | null> {
    try {
      await thread.download(id, name, { id, digest, size }, hooksOf(this.services.core))
      const content = await thread.open(name, key, size, 'application/octet-stream')
      return readContent(new Uint8Array(await content.arrayBuffer()))
    } catch (error) {
      const wrong =
        (error instanceof CryptoError && error.code === 'bad_file') ||
        (error instanceof MessengerError && error.code.startsWith('backup_'))
      if (!wrong) throw error
      await this.services.log.add('history_refused', {})
      return null
    }
  }

  /** Unless more was named since `wanted`. */
  private async finish({ files }: HistoryWanted): Promise<void> {
    const { core, removedHistory, files: transferred } = this.services
    await core.serial.run(async (turn) => {
      const wanted = await core.store.getSpare(historyWanted, WANTED)
      if (wanted && wanted.files.length > files.length) return
      const changes = new TurnChanges(turn)
      changes.remove('records', WANTED)
      removedHistory.stageEnd(changes)
      await core.store.commit(changes)
    })
    if (files.length > 0) await transferred.kept.sweep()
  }
}

/** Of the sealed file on this device; says nothing of the file's id at the relay. */
async function nameOf({ key }: HistoryFile): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', key))
  return WANTED + [...hash.subarray(0, 16)].map((byte) => `-${byte}`).join('')
}
