import { fileIdOf } from '@/messenger/core/file-record'
import { shownFile } from '@/messenger/core/shown-file'
import type { FileRecord } from '@/messenger/core/file-record'
import { findMessage } from '@/messenger/core/kept-messages'
import { parseRefKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { TurnChanges } from '@/messenger/core/serial'
import { FILES_PER_MESSAGE, MAX_CAPTION, MessengerError } from '@/messenger/contract'
import type { FileCommands, FileId, MessageId, NewFile } from '@/messenger/contract'
import { own } from '@/crypto/bytes'
import { MOST_THUMBNAIL } from '@/messenger/contents/text/pointer'
import type { Platform } from '@/platform/platform'
import type { SealedFile } from '@/messenger/sending/uploads'
import type { Services } from '@/messenger/session/services'

export function fileCommands(services: () => Services, platform: Platform): FileCommands {
  async function find(id: MessageId, file: FileId): Promise<[MessageRecord, FileRecord]> {
    const ref = parseRefKey(id)
    const message = ref && (await findMessage(services().core.store, ref))
    const found = message?.files?.find((one) => fileIdOf(one) === file)
    if (!message || !found) throw new MessengerError('gone')
    return [message, found]
  }
  /** Of a content: what its blob may add is no more than a twentieth. */
  async function largestFile(): Promise<number | null> {
    const { thread } = await services().files.transfers()
    const most = await thread.mostBytes()
    return most === null ? null : Math.floor(most / 1.06)
  }

  return {
    largestFile,
    async sendFiles(id, files, text, replyTo) {
      const { core, files: all } = services()
      if (files.length === 0 || files.length > FILES_PER_MESSAGE)
        throw new MessengerError('invalid')
      if (text.length > MAX_CAPTION) throw new MessengerError('too_long')
      const { uploads } = await all.transfers()
      const sealed = await uploads.seal(files.map(({ content }) => content))
      try {
        return await core.serial.run((turn) => {
          const changes = new TurnChanges(turn)
          uploads.stageKept(changes, id, sealed)
          const records = files.map((file, i) => recordOf(file, sealed[i] as SealedFile))
          return services().write(changes, id, text, replyTo, records)
        })
      } catch (error) {
        await uploads.drop(sealed)
        throw error
      }
    },
    async openFile(id, fileId, unasked = false) {
      const { files, people } = services()
      const [{ conversation }, file] = await find(id, fileId)
      const person = people.inConversation(conversation)
      if (unasked && (person?.relation !== 'contact' || person.blocked)) {
        throw new MessengerError('not_found')
      }
      return (await files.transfers()).downloads.open(conversation, file)
    },
    async keepFile(id, fileId) {
      const [{ conversation }, file] = await find(id, fileId)
      const { downloads } = await services().files.transfers()
      const content = await downloads.open(conversation, file)
      const { name } = shownFile(file)
      await platform.saveFile(name, new Blob([content], { type: 'application/octet-stream' }))
    },
    async cancelDownload(id) {
      const { downloads } = await services().files.transfers()
      await downloads.cancel(id)
    },
    async fileUse() {
      return services().files.kept.use()
    },
    async freeFiles(id) {
      const { core, files, outbox } = services()
      await core.serial.run(async (turn) => {
        const changes = new TurnChanges(turn)
        const spared = new Set(outbox.entries.all.flatMap(({ uploads = [] }) => uploads))
        files.kept.stageConversationRemoval(changes, id, spared)
        await core.store.commit(changes)
      })
    },
  }
}

function recordOf(file: NewFile, { key, digest, size }: SealedFile): FileRecord {
  const { name, type, width, height, durationMs, thumbnail, voice } = file
  return {
    id: null,
    key,
    size,
    type: type.slice(0, 127),
    name: name.slice(0, 120),
    digest,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(durationMs !== undefined && { durationMs: Math.round(durationMs) }),
    ...(thumbnail && thumbnail.length <= MOST_THUMBNAIL && { thumbnail: own(thumbnail) }),
    ...(voice && { voice }),
  }
}
