/** What a backup holds: identity, contacts, history, settings. Never a ratchet, never a token. */
import { contacts, conversations, messages } from '@/messenger/core/stored-records'
import { decode, encode } from '@msgpack/msgpack'
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { LocalIdentity } from '@/crypto/engine'
import type { Store } from '@/storage/store'
import { MessengerError } from '@/messenger/contract'
import type { Message, Settings } from '@/messenger/contract'
import type { ContactRecord, ConversationRecord } from '@/messenger/core/records'

export interface BackupContent {
  v: 1
  createdAt: number
  account: { userId: string; username: string; identity: LocalIdentity }
  settings: Settings
  contacts: ContactRecord[]
  conversations: ConversationRecord[]
  messages: Message[]
}

export async function collect(
  store: Store,
  fixed: Pick<BackupContent, 'createdAt' | 'account' | 'settings'>,
  progress: (done: number, total: number) => void,
): Promise<Bytes> {
  const total = await store.countMessages()
  const history: Message[] = []
  for await (const batch of store.everyMessage(messages)) {
    history.push(...batch)
    progress(history.length, total)
  }
  const everyone = await store.all(contacts)
  const content: BackupContent = {
    v: 1,
    ...fixed,
    // Devices are asked for anew.
    contacts: everyone.map((contact) => ({ ...contact, devices: null })),
    conversations: await store.all(conversations),
    messages: history,
  }
  return own(encode(content, { ignoreUndefined: true }))
}

/** @throws MessengerError `backup_damaged`, `backup_too_new` */
export function readContent(plain: Bytes): BackupContent {
  let content: BackupContent
  try {
    content = decode(plain) as BackupContent
  } catch {
    throw new MessengerError('backup_damaged')
  }
  if (content?.v !== 1) throw new MessengerError('backup_too_new')
  const { account, contacts, conversations, messages } = content
  const good =
    typeof account?.userId === 'string' &&
    account.identity?.keyPair.publicKey.length === 33 &&
    account.identity.keyPair.privateKey.length === 32 &&
    [contacts, conversations, messages].every(Array.isArray)
  if (!good) throw new MessengerError('backup_damaged')
  const { keyPair, registrationId } = account.identity
  const identity = {
    registrationId,
    // The decoder's arrays are views of the whole file.
    keyPair: { publicKey: own(keyPair.publicKey), privateKey: own(keyPair.privateKey) },
  }
  return { ...content, account: { ...account, identity } }
}
