import type { IDBPDatabase, IDBPTransaction, StoreNames } from 'idb'
import type { Bytes } from '@/crypto/bytes'

/** A record at rest: nothing of its content is readable without the key. */
export type SealedRecord = Bytes

/**
 * What lies in IndexedDB. Values are sealed (see `sealer.ts`), and ids in keys are names that only
 * the root key can tell (see `names.ts`). In the clear are the vault's wrapped key and its fence,
 * the numbers of prekeys and outbox entries, and how many messages of a (nameless) conversation
 * came when: `order` is a time.
 */
export interface Tables {
  /** One of a kind: account, tokens, settings, cursor. Key: its name. */
  records: { key: string; value: SealedRecord }
  /** Key: user id. */
  contacts: { key: string; value: SealedRecord }
  conversations: { key: string; value: SealedRecord }
  drafts: { key: string; value: SealedRecord }
  /** Key: [conversation, order]; `id` stands for the message's UUID. */
  messages: {
    key: [string, number]
    value: MessageEntry
    indexes: { id: string; order: number }
  }
  /** Key: `user.device`; with `/rest` for what of a session changes rarely. */
  sessions: { key: string; value: SealedRecord }
  counters: { key: string; value: SealedRecord }
  /** Key: prekey id. */
  prekeys: { key: number; value: SealedRecord }
  signed_prekeys: { key: number; value: SealedRecord }
  kem_prekeys: { key: number; value: SealedRecord }
  /** Key: `last resort/signed prekey/base key`. */
  used_base_keys: { key: string; value: SealedRecord }
  /** Key: ascending number, the order of sending. */
  outbox: { key: number; value: SealedRecord }
  /** What is known of sealed files on this device; they lie beside the database. Key: digest. */
  files: { key: string; value: SealedRecord }
  /** Key: id of the envelope. */
  sent: { key: string; value: SealedRecord }
  /** When messages disappear. Key: as `refKey` makes it of a message. */
  deadlines: { key: string; value: SealedRecord }
  /** Key: `user/number`. */
  held: { key: string; value: SealedRecord }
  /** Key: event id. */
  security: { key: string; value: SealedRecord }
  /** Rows that are sealed under another root key and wait to take the place of the old ones; see `reseal.ts`. */
  staged: { key: number; value: StagedRow }
  /** Unsealed: the wrapped root key, and the number of the tab that may write. */
  vault: { key: string; value: unknown }
}

/** A row of `table`, as it will lie there. */
export interface StagedRow {
  table: TableName
  key: IDBValidKey
  value: unknown
}

/** `order` as in the key: missing only in rows that `rename.ts` has yet to move. */
export interface MessageEntry {
  id: string
  order?: number
  data: SealedRecord
}

export type TableName = keyof Tables
export type Key<T extends TableName> = Tables[T]['key']
/** Tables whose value is one sealed record. */
export type SealedTable = Exclude<TableName, 'vault' | 'staged' | 'messages'>

export type Database = IDBPDatabase<Tables>
type Upgrade = (
  db: Database,
  transaction: IDBPTransaction<Tables, StoreNames<Tables>[], 'versionchange'>,
) => void

/** The content of `messages` and the rest, by its layout; see `rename.ts`. */
export const LAYOUT = 2

/** Append only: a database of any age runs the rest of the list. */
export const migrations: readonly Upgrade[] = [
  (db) => {
    for (const name of [
      'records',
      'contacts',
      'conversations',
      'drafts',
      'sessions',
      'counters',
      'prekeys',
      'signed_prekeys',
      'outbox',
      'security',
      'vault',
    ] as const) {
      db.createObjectStore(name)
    }
    db.createObjectStore('messages').createIndex('id', 'id')
  },
  // Rows from before get their `order`, and every record its name, when the root key is at hand.
  (_db, transaction) => {
    transaction.objectStore('messages').createIndex('order', 'order')
  },
  (db) => void db.createObjectStore('held'),
  (db) => void db.createObjectStore('staged', { autoIncrement: true }),
  (db) => {
    for (const name of ['kem_prekeys', 'used_base_keys'] as const) db.createObjectStore(name)
  },
  (db) => void db.createObjectStore('files'),
  (db) => void db.createObjectStore('sent'),
  (db) => void db.createObjectStore('deadlines'),
]
