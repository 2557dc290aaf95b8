/**
 * The history of this device, cut into contents of files: the newest messages of each conversation first, then the
 * rest, newest first. Each part is read and merged by itself, so that a cut costs one part.
 */
import type { Bytes } from '@/crypto/bytes'
import { isBackedUp, writeContent } from '@/messenger/backup/backup-content'
import type { BackupContent } from '@/messenger/backup/backup-mapping'
import { refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { conversations, messages } from '@/messenger/core/stored-records'
import type { Store } from '@/storage/store'

/** Of each conversation, before all else. */
export const NEWEST = 100
/** Of a part, about, in bytes. */
const PART = 4 * 1024 * 1024
/** Of a message beside its text and kept bytes, about. */
const FRAME = 700

type Fixed = Omit<BackupContent, 'contacts' | 'conversations' | 'messages' | 'marks'>

export async function* historyParts(store: Store, fixed: Fixed): AsyncGenerator<Bytes> {
  let part: MessageRecord[] = []
  let size = 0
  const content = (): Bytes =>
    writeContent({ ...fixed, contacts: [], conversations: [], messages: part, marks: [] })
  for await (const message of inOrder(store)) {
    part.push(message)
    size += FRAME + 3 * message.text.length + (message.unknown?.bytes?.length ?? 0)
    if (size < PART) continue
    yield content()
    part = []
    size = 0
  }
  if (part.length > 0) yield content()
}

async function* inOrder(store: Store): AsyncGenerator<MessageRecord> {
  const first = new Set<string>()
  const chats = await store.all(conversations)
  for (const { id } of chats.toSorted((a, b) => b.activeAt - a.activeAt)) {
    const page = await store.page(messages, id, Infinity, NEWEST)
    for (const message of page.filter(isBackedUp)) {
      first.add(refKey(message))
      yield message
    }
  }
  for await (const batch of store.everyMessage(messages)) {
    for (const message of batch) {
      if (isBackedUp(message) && !first.has(refKey(message))) yield message
    }
  }
}
