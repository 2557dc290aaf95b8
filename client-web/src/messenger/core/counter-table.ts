/** Keys and reading of the table `counters`, which holds several kinds of small records. */
import type { RemoteAddress } from '@/crypto/engine'
import type { Store } from '@/storage/store'
import type { Stored } from '@/storage/stored'
import type { UserId } from '@/messenger/contract'

/** Names a remote device, in `sessions` and in `counters`. */
export const sessionKey = (userId: UserId, deviceId: number): string => `${userId}.${deviceId}`

/** Whom a `sessionKey` names. */
export function remoteOf(key: string): RemoteAddress {
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
 * Of someone who was removed: the devices heard since. What they sent meanwhile was not wanted, and
 * is not missing once they are a contact again.
 */
export const removedKey = (userId: UserId): string => `removed/${userId}`
