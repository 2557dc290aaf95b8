/** Keys and reading of the table `counters`, which holds several kinds of small records. */
import type { DeviceAddress } from '@/crypto/protocol/protocol'
import type { Store } from '@/storage/store'
import type { Stored } from '@/storage/stored'
import type { UserId } from '@/messenger/contract'

/** Names a remote device, in `sessions` and in `counters`. */
export const sessionKey = (userId: UserId, deviceId: number): string => `${userId}.${deviceId}`

/** Whom a `sessionKey` names. */
export function remoteOf(key: string): DeviceAddress {
  const dot = key.lastIndexOf('.')
  return { userId: key.slice(0, dot), deviceId: Number(key.slice(dot + 1)) }
}

/** The record under `key`; `nothing` where there is none or it is damaged. */
export const readCount = async <T, N>(
  store: Store,
  kind: Stored<T>,
  key: string,
  nothing: N,
): Promise<T | N> => (await store.getSpare(kind, key)) ?? nothing

/**
 * The devices of a removed person that were heard since. Messages they sent meanwhile were not wanted, and
 * do not count as missing once the person is a contact again.
 */
export const removedKey = (userId: UserId): string => `removed/${userId}`
