/**
 * On the new device: fetches the files of the history in their order and merges each into the conversations, in one
 * transaction with the note that it came.
 */
import { own } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { readContent } from '@/messenger/backup/backup-content'
import { HistoryMerge } from '@/messenger/backup/history-merge'
import { MessengerError } from '@/messenger/contract'
import { historyWanted } from '@/messenger/core/linking-records'
import type { HistoryFile, HistoryWanted } from '@/messenger/core/linking-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Services } from '@/messenger/session/services'
import type { SealedBlobs } from '@/wire/sealed-blobs'

export const WANTED = 'history_wanted'
/** The old device brings them up within this time, ms. */
const WAITS = 7 * 24 * 3_600_000

export class HistoryDownload {
  constructor(
    private readonly services: Services,
    private readonly blobs: SealedBlobs,
  ) {}

  /** Resolves when nothing is to come any more. Throws where the way is cut, or the next file is not up yet. */
  async run(): Promise<void> {
    const { core } = this.services
    try {
      let wanted = await core.store.getSpare(historyWanted, WANTED)
      while (wanted) {
        const [file] = wanted.files
        if (!file || core.now() > wanted.at + WAITS) return await this.finish()
        this.show(wanted)
        wanted = await this.take(wanted, file)
      }
    } finally {
      core.view.progress('history', null)
    }
  }

  private show({ files, total }: HistoryWanted): void {
    const left = files.reduce((sum, { size }) => sum + size, 0)
    const progress = { task: 'history' as const, done: total - left, total, cancellable: false }
    this.services.core.view.progress('history', progress)
  }

  /** What is wanted after it. A file that is not what it was said to be is passed over. */
  private async take(wanted: HistoryWanted, file: HistoryFile): Promise<HistoryWanted> {
    const { core, chats, search } = this.services
    const left = { ...wanted, files: wanted.files.slice(1) }
    const content = await this.fetch(file)
    await core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn).put('records', WANTED, left)
      if (content) {
        const merge = new HistoryMerge(core.store, changes)
        await merge.load([])
        const added = content.messages.filter((message) => merge.add(message))
        merge.stage((chat) => {
          const { last, lastOrder } = chat
          chats.stage(changes, chat.id, { last, lastOrder })
        })
        changes.whenStored(() => {
          for (const message of added) search.add(message)
        })
      }
      await core.store.commit(changes)
    })
    await chats.openChat.mayHaveOlder()
    // The relay erases it by itself after thirty days.
    this.blobs.remove(file.id).catch(() => undefined)
    return left
  }

  /** Null for one that is not what it was said to be. */
  private async fetch(file: HistoryFile) {
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

  private async finish(): Promise<void> {
    const { core } = this.services
    await core.serial.run(async (turn) => {
      await core.store.commit(new TurnChanges(turn).remove('records', WANTED))
    })
  }
}
