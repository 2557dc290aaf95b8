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
/** Of the first part, about, in bytes; each is twice as large as the one before, up to the largest, so that they are few. */
const FIRST = 4 * 1024 * 1024
const LARGEST = 32 * 1024 * 1024
/** Of a message beside its text and kept bytes, about. */
const FRAME = 700

type Fixed = Omit<BackupContent, 'contacts' | 'conversations' | 'messages' | 'marks'>
type People = Pick<BackupContent, 'contacts' | 'conversations'>

const nobody: People = { contacts: [], conversations: [] }

/** `people`: of the first part. `isWanted`: of the messages that backups hold. */
export async function* historyParts(
  store: Store,
  fixed: Fixed,
  people = nobody,
  isWanted: (message: MessageRecord) => boolean = () => true,
): AsyncGenerator<Bytes> {
  let part: MessageRecord[] = []
  let size = 0
  let most = FIRST
  let named = people
  const content = (): Bytes => writeContent({ ...fixed, ...named, messages: part, marks: [] })
  for await (const message of inOrder(store)) {
    if (!isWanted(message)) continue
    part.push(message)
    size += FRAME + 3 * message.text.length + (message.unknown?.bytes?.length ?? 0)
    if (size < most) continue
    yield content()
    named = nobody
    part = []
    size = 0
    most = Math.min(2 * most, LARGEST)
  }
  if (part.length > 0 || named.contacts.length > 0) yield content()
}

async function* inOrder(store: Store): AsyncGenerator<MessageRecord> {
  const first = new Set<string>()
  const chats = await store.all(conversations)
  for (const { id } of chats.toSorted((a, b) => b.activeAt - a.activeAt)) {
    const page = await store.page(messages, id, Infinity, NEWEST)
    for (const message of page.filter(isBackedUp).toReversed()) {
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
