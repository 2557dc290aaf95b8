/**
 * On the new device: fetches the files of the history in their order and merges each into the conversations, in one
 * transaction with the note that it came.
 */
import { fromBase64, own } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { readContent } from '@/messenger/backup/backup-content'
import type { BackupContent } from '@/messenger/backup/backup-mapping'
import { MessengerError } from '@/messenger/contract'
import { historyNamed, historyWanted } from '@/messenger/core/linking-records'
import { NAMED, WANTED } from '@/messenger/core/record-names'
import type { HistoryFile, HistoryWanted } from '@/messenger/core/linking-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Services } from '@/messenger/session/services'
import type { SealedBlobs } from '@/wire/sealed-blobs'
import { RelayError } from '@/wire/errors'
import { stageHistory } from './stage-history'

/** The old device brings them up within this time, ms. */
const WAITS = 7 * 24 * 3_600_000

export class HistoryDownload {
  constructor(
    private readonly services: Services,
    private readonly blobs: SealedBlobs,
  ) {}

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
    const { core, chats } = this.services
    const content = await this.fetch(file)
    await core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      const wanted = await core.store.getSpare(historyWanted, WANTED)
      if (!wanted) return
      const files = wanted.files.filter(({ id }) => id !== file.id)
      changes.write(historyWanted, WANTED, { ...wanted, files })
      if (content) await stageHistory(this.services, changes, content)
      await core.store.commit(changes)
    })
    await chats.openChat.mayHaveOlder()
    // The relay erases it by itself after thirty days.
    this.blobs.remove(file.id).catch(() => undefined)
  }

  /** Null for one that is not what it was said to be. */
  private async fetch(file: HistoryFile): Promise<BackupContent | null> {
    const { engine, account } = this.services.core
    try {
      const blob = await this.blobs.read(file.id)
      const content = readContent(own(await engine.openFile(blob, file, file.size)))
      return content.account.userId === account.userId ? content : null
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
    const { core, removedHistory } = this.services
    await core.serial.run(async (turn) => {
      const wanted = await core.store.getSpare(historyWanted, WANTED)
      if (wanted && wanted.files.length > files.length) return
      const changes = new TurnChanges(turn)
      changes.remove('records', WANTED)
      removedHistory.stageEnd(changes)
      await core.store.commit(changes)
    })
  }
}
