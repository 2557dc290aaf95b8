/** History on its way between two devices of an account, as it lies in the table `records`. Fetched with what moves it. */
import type { Bytes } from '@/crypto/bytes'
import { bytes, flag, list, number, optional, shape, text } from '@/storage/decoders'
import type { FilePointer } from '@/messenger/contents/text/pointer'
import { stored } from '@/storage/stored'

/** A sealed file at the relay. */
export interface HistoryFile {
  id: string
  key: Bytes
  /** SHA-256 of the blob. */
  digest: Bytes
  /** Of the content without padding. */
  size: number
}

/** On the new device: what is still to come, in this order. */
export interface HistoryWanted {
  files: HistoryFile[]
  /** Bytes, of those that came too. */
  total: number
  /** When the devices were linked, ms. */
  at: number
  /** The old device has not named the rest yet: what came to it until it knew this device's keys. */
  restOwed?: boolean
}

/** On the old device: an upload that the relay does not have in full. */
export interface HistoryOwed {
  id: string
  /** The name of the sealed file; its bytes in records of the first version. */
  sealed: string | Bytes
  at: number
}

/** As contents have it. */
export type NamedFile = Pick<FilePointer, 'id' | 'key' | 'digest' | 'size'>

const file = shape<HistoryFile>({ id: text, key: bytes, digest: bytes, size: number })

export const historyWanted = stored(
  'records',
  shape<HistoryWanted>({ files: list(file), total: number, at: number, restOwed: optional(flag) }),
)

const owedBytes = shape({ id: text, blob: bytes, at: number })

export const historyOwed = stored(
  'records',
  (value) => {
    const { id, blob, at } = owedBytes(value)
    return { id, sealed: blob, at }
  },
  shape<HistoryOwed>({ id: text, sealed: text, at: number }),
)

/** The rest, as the old device named it; not among what is wanted yet. */
export const historyNamed = stored(
  'records',
  list(shape<NamedFile>({ id: text, key: text, digest: text, size: number })),
)
