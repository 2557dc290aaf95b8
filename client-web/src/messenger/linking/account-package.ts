/**
 * What an old device gives a new one: the second version of a backup's content without messages, the grant, the
 * names of devices, who changed what last, and pointers to the history. The engine adds the identity.
 */
import { decode, encode } from '@msgpack/msgpack'
import { fromBase64, own, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { FilePointer } from '@/messenger/contents/text/pointer'
import { fileOf } from '@/messenger/backup/backup-mapping'
import type { BackupContent } from '@/messenger/backup/backup-mapping'
import { readContent } from '@/messenger/backup/backup-content'
import { MessengerError } from '@/messenger/contract'
import type { HistoryFile } from '@/messenger/core/linking-records'
import type { SyncedRecord } from '@/messenger/core/records'
import { synced } from '@/messenger/core/stored-records'
import { fields, flag, list, named, number, shape, since, text } from '@/storage/decoders'
import { decodeStored } from '@/storage/stored'

export interface AccountPackage {
  content: Omit<BackupContent, 'messages'>
  grant: string
  /** By number; of the account's devices. */
  names: Readonly<Record<string, string>>
  synced: readonly SyncedRecord[]
  history: readonly HistoryFile[]
  /** The rest of the history is named once this device is in: what came to the old one meanwhile. */
  restOwed: boolean
}

/** A file's pointer as contents have it. */
const pointer = shape({ id: text, key: text, digest: text, size: number })

const extras = shape({
  grant: text,
  names: since({}, named(text)),
  synced: since(
    [],
    list((value) => decodeStored(synced, value, 1)),
  ),
  history: since([], list(pointer)),
  restOwed: since(false, flag),
})

/** A file of history as contents name it. */
export const pointerOf = ({ id, key, digest, size }: HistoryFile): FilePointer => ({
  id,
  key: toBase64(key),
  digest: toBase64(digest),
  size,
  type: 'application/octet-stream',
  name: 'history',
})

export function writePackage({
  content,
  grant,
  names,
  synced: known,
  history,
  restOwed,
}: AccountPackage) {
  const file = fileOf({ ...content, messages: [] })
  const pointers = history.map(pointerOf)
  const whole = { ...file, grant, names, synced: known, history: pointers, restOwed }
  return own(encode(whole, { ignoreUndefined: true }))
}

/** @throws MessengerError `link_broken`, `backup_too_new` */
export function readPackage(plain: Bytes): AccountPackage {
  try {
    const { history, ...rest } = extras(fields(decode(plain)))
    return {
      content: readContent(plain),
      ...rest,
      history: history.map(({ key, digest, ...one }) => ({
        ...one,
        key: fromBase64(key),
        digest: fromBase64(digest),
      })),
    }
  } catch (cause) {
    if (cause instanceof MessengerError && cause.code === 'backup_too_new') throw cause
    throw new MessengerError('link_broken', 'not an account', {}, { cause })
  }
}
