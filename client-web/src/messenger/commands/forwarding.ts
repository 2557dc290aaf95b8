/**
 * Forwards messages. A file is sealed again for each conversation: the copy has a key and a blob of its own, so that
 * neither goes with the other.
 */
import { FORWARDED_TO, MessengerError, MOST_CHOSEN } from '@/messenger/contract'
import type { ConversationId, MessageId } from '@/messenger/contract'
import type { FileRecord } from '@/messenger/core/file-record'
import { findMessage } from '@/messenger/core/kept-messages'
import { parseRefKey, refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { TurnChanges } from '@/messenger/core/serial'
import { mayWriteTo } from '@/messenger/people/people'
import type { SealedFile } from '@/messenger/sending/uploads'
import type { Services } from '@/messenger/session/services'

/** One message on its way into one conversation. */
interface Copy {
  to: ConversationId
  message: MessageRecord
  sealed: SealedFile[]
}

/** See `Messenger.forward`. */
export async function forward(
  services: Services,
  ids: readonly MessageId[],
  to: readonly ConversationId[],
): Promise<void> {
  const fits = ids.length > 0 && ids.length <= MOST_CHOSEN && to.length <= FORWARDED_TO
  if (!fits || to.length === 0) throw new MessengerError('invalid')
  for (const id of to) {
    const person = services.people.inConversation(id)
    if (!person) throw new MessengerError('not_found', 'no such contact')
    if (!mayWriteTo(person)) throw new MessengerError('blocked')
  }
  const messages = await Promise.all(ids.map((id) => textOf(services, id)))
  const inOrder = messages.toSorted((a, b) => a.sentAt - b.sentAt || a.order - b.order)
  const copies = to.flatMap((id) =>
    inOrder.map((message): Copy => ({ to: id, message, sealed: [] })),
  )
  try {
    for (const message of inOrder) await sealFiles(services, message, copies)
    await services.core.serial.run((turn) => write(services, new TurnChanges(turn), copies))
  } catch (error) {
    const sealed = copies.flatMap((copy) => copy.sealed)
    if (sealed.length > 0) await (await services.files.transfers()).uploads.drop(sealed)
    throw error
  }
}

/** @throws MessengerError `gone` */
async function textOf({ core }: Services, id: MessageId): Promise<MessageRecord> {
  const ref = parseRefKey(id)
  const message = ref && (await findMessage(core.store, ref))
  if (message?.kind !== 'text') throw new MessengerError('gone')
  return message
}

/** One file after the other, so that no more than one lies open in memory. */
async function sealFiles(
  { files }: Services,
  message: MessageRecord,
  copies: readonly Copy[],
): Promise<void> {
  for (const file of message.files ?? []) {
    const { downloads, uploads } = await files.transfers()
    const content = await downloads.open(message.conversation, file)
    for (const copy of copies.filter((one) => one.message === message)) {
      copy.sealed.push(...(await uploads.seal([content])))
    }
  }
}

async function write(
  services: Services,
  changes: TurnChanges,
  copies: readonly Copy[],
): Promise<void> {
  for (const { to, message, sealed } of copies) {
    // Deleted, edited or disappeared, perhaps, while files were sealed.
    const { text } = await textOf(services, refKey(message))
    const files = (message.files ?? []).map((file, i) => resealed(file, sealed[i] as SealedFile))
    if (files.length > 0) (await services.files.transfers()).uploads.stageKept(changes, to, sealed)
    await services.stageText(changes, to, text, undefined, files)
  }
  await services.core.store.commit(changes)
}

/** What is known of the file, under the key and the digest of its copy. */
const resealed = (file: FileRecord, { key, digest, size }: SealedFile): FileRecord => ({
  ...file,
  id: null,
  key,
  digest,
  size,
})
