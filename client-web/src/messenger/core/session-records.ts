/**
 * The session with one remote device lies in two records of `sessions`: what changes with every message, and the
 * rest. Both are written in one transaction.
 */
import type { SealedSession, SessionWrite } from '@/crypto/engine/engine'
import type { UserId } from '@/messenger/contract'
import type { Changes } from '@/storage/changes'
import type { Store } from '@/storage/store'
import { sessionKey } from './counter-table'
import { sessions } from './key-records'

const restKey = (key: string): string => `${key}/rest`

/** Null also for a damaged record: a new session takes its place. */
export async function readSession(
  store: Store,
  userId: UserId,
  deviceId: number,
): Promise<SealedSession | null> {
  const key = sessionKey(userId, deviceId)
  const [state, rest] = await Promise.all(
    [key, restKey(key)].map((one) => store.getSpare(sessions, one)),
  )
  return state ? { state, rest: rest ?? null } : null
}

/** `key`: a `sessionKey`. */
export function stageSession(changes: Changes, key: string, { state, rest }: SessionWrite): void {
  changes.write(sessions, key, state)
  if (rest) changes.write(sessions, restKey(key), rest)
  if (rest === null) changes.remove('sessions', restKey(key))
}
