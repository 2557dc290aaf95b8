/** History on its way between two devices of an account, as it lies in the table `records`. */
import type { Bytes } from '@/crypto/bytes'
import { bytes, list, number, shape, text } from '@/storage/decoders'
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
}

/** On the old device: an upload that the relay does not have in full. */
export interface HistoryOwed {
  id: string
  blob: Bytes
  at: number
}

const file = shape<HistoryFile>({ id: text, key: bytes, digest: bytes, size: number })

export const historyWanted = stored(
  'records',
  shape<HistoryWanted>({ files: list(file), total: number, at: number }),
)

export const historyOwed = stored(
  'records',
  shape<HistoryOwed>({ id: text, blob: bytes, at: number }),
)
