/**
 * Private halves of one-time prekeys that were handed out and never used. The relay hands out the
 * lowest id first and says only how many are left. A sender may keep a bundle for a while, and an
 * envelope waits up to the relay's limit; so a half stays for a long time after it was first seen
 * to be gone from the relay, and is erased then: what is not there cannot be stolen.
 */
import { mayBeErased, retiredSince } from './retirement'
import type { Now } from './retirement'
import type { StoredPrekey } from '@/messenger/core/records'

export interface Tidied {
  /** Seen to be gone for the first time, or seen to be there after all; or a time was wrong. */
  changed: StoredPrekey[]
  /** Ids whose private halves may go. */
  erased: number[]
}

/**
 * An id is surely not at the relay when as many higher ones as it has left were uploaded. Ids whose
 * upload had no answer may or may not be there: they are not counted, only judged.
 */
export function tidy(prekeys: readonly StoredPrekey[], available: number, now: Now): Tidied {
  const tidied: Tidied = { changed: [], erased: [] }
  let higher = 0
  for (const prekey of prekeys.toSorted((a, b) => b.id - a.id)) {
    const gone = higher >= available
    const retiredAt = prekey.retiredAt ?? null
    const since = gone ? retiredSince(retiredAt, now) : null
    if (since !== null && mayBeErased(since, now)) tidied.erased.push(prekey.id)
    else if (since !== retiredAt) tidied.changed.push({ ...prekey, retiredAt: since })
    if (prekey.uploaded !== false) higher += 1
  }
  return tidied
}
