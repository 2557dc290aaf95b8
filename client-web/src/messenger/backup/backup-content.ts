/**
 * The content of a backup file, sealed: contacts, history, settings, and the identity, which the engine adds.
 * Never a ratchet, never a token. It has versions of its own; `backup-mapping.ts` maps it to and from this
 * device's records.
 */
import { decode, encode } from '@msgpack/msgpack'
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { MessengerError } from '@/messenger/contract'
import type { Settings } from '@/messenger/contract'
import { messageRules } from '@/messenger/contents/registry'
import { MARKED, markRecords } from '@/messenger/core/mark-record'
import type { MarkRecord } from '@/messenger/core/mark-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { ContactRecord, ConversationRecord } from '@/messenger/core/records'
import { contacts, conversations, messages, settings } from '@/messenger/core/stored-records'
import { settledTimer } from '@/messenger/core/expiry-records'
import { shownSettings } from '@/messenger/core/shown-settings'
import { fields, list, number, shape, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import { decodeStored } from '@/storage/stored'
import type { Store } from '@/storage/store'
import { contactOf, conversationOf, fileOf, restored, settingsOf } from './backup-mapping'
import { marksOf } from './backup-mark'
import { messageOf } from './backup-message'
import type { BackupContent } from './backup-mapping'

/** A message's kind decides whether it is backed up; notices are. What disappears is not. */
export const isBackedUp = ({ kind, expiry }: MessageRecord): boolean =>
  !expiry && (kind === 'notice' || messageRules[kind]?.backedUp === true)

export async function collect(
  store: Store,
  fixed: Pick<BackupContent, 'createdAt' | 'account' | 'settings' | 'timers'>,
  progress: (done: number, total: number) => void,
): Promise<Bytes> {
  const total = await store.countMessages()
  const history: MessageRecord[] = []
  let done = 0
  for await (const batch of store.everyMessage(messages)) {
    history.push(...batch.filter(isBackedUp))
    done += batch.length
    progress(done, total)
  }
  return writeContent({
    ...fixed,
    contacts: await store.all(contacts),
    conversations: await store.all(conversations),
    messages: history,
    marks: await everyMark(store),
  })
}

/** Damaged ones are passed over. */
export async function everyMark(store: Store): Promise<MarkRecord[]> {
  const keys = (await store.keys('records')).filter((key) => key.startsWith(MARKED))
  const all = await Promise.all(keys.map((key) => store.getSpare(markRecords, key)))
  return all.filter((one) => one !== null)
}

/** In the newest version. */
export const writeContent = (content: BackupContent): Bytes =>
  own(encode(fileOf(content), { ignoreUndefined: true }))

/** @throws MessengerError `backup_damaged`, `backup_too_new` */
export function readContent(plain: Bytes): BackupContent {
  const content = unpacked(plain)
  const version = content['v']
  const read = typeof version === 'number' ? versions[version - 1] : undefined
  if (!read) throw new MessengerError('backup_too_new')
  try {
    return read(content)
  } catch {
    throw new MessengerError('backup_damaged')
  }
}

function unpacked(plain: Bytes): Record<string, unknown> {
  try {
    return fields(decode(plain))
  } catch {
    throw new MessengerError('backup_damaged')
  }
}

const account = shape<BackupContent['account']>({ userId: text, username: text })

/** `records` reads what the versions have in different forms. */
const version =
  (records: {
    settings: Decoder<Settings>
    contacts: Decoder<ContactRecord>
    conversations: Decoder<ConversationRecord>
    /** Null: passed over. */
    messages: Decoder<MessageRecord | null>
  }): Decoder<BackupContent> =>
  (value) => {
    const content = fields(value)
    return {
      createdAt: number(content['createdAt']),
      account: account(content['account']),
      settings: records.settings(content['settings']),
      contacts: list(records.contacts)(content['contacts']).map(restored),
      conversations: list(records.conversations)(content['conversations']),
      messages: list(records.messages)(content['messages']).filter((one) => one !== null),
      marks: marksOf(content['marks']),
      ...(content['timers'] !== undefined && { timers: list(settledTimer)(content['timers']) }),
    }
  }

/** Each version that was ever written; append only. The first held records as they lay on the device. */
const versions: readonly Decoder<BackupContent>[] = [
  version({
    settings: (value) => shownSettings(decodeStored(settings, value, 1)),
    contacts: (value) => decodeStored(contacts, value, 1),
    conversations: (value) => decodeStored(conversations, value, 1),
    messages: (value) => decodeStored(messages, value, 1),
  }),
  version({
    settings: settingsOf,
    contacts: contactOf,
    conversations: conversationOf,
    messages: messageOf,
  }),
]
