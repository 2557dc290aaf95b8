/**
 * When private halves of prekeys that the relay gives away no more are erased. Erased too early, a message that
 * is on its way can never be read; too late, it can be stolen for longer. So both this device's clock
 * and the relay's have to say that the time is over, and the later of both says when it began.
 */
const DAY = 86_400_000

/** A month in a sender's hands, a month in the mailbox (the relay's default limit). */
export const KEEP_RETIRED = 60 * DAY

/** Between these moments it is now. */
export interface Now {
  earliest: number
  latest: number
}

/** `relay`: its clock; null where it has not told. It moves the beginning by `KEEP_RETIRED` at most. */
export const nowBetween = (wall: number, relay: number | null): Now => ({
  earliest: relay === null ? -Infinity : Math.min(wall, relay),
  latest: Math.min(Math.max(wall, relay ?? wall), wall + KEEP_RETIRED),
})

/** Since when it is retired: from now on at the latest. A later time was written by a clock that has been set back. */
export const retiredSince = (before: number | null, { latest }: Now): number =>
  Math.min(before ?? latest, latest)

/** Nothing can still need it. */
export const mayBeErased = (retiredAt: number, { earliest }: Now): boolean =>
  retiredAt < earliest - KEEP_RETIRED

/** Of either kind, as far as it matters here. */
export interface OneTimePrekey {
  id: number
  /** False until the relay has said that it has it. */
  uploaded?: boolean
  retiredAt?: number | null
}

export interface Retirement<T> {
  /** Seen to be gone for the first time, or seen to be there after all; or a time was wrong. */
  changed: T[]
  /** Ids whose private halves may go. */
  erased: number[]
}

/**
 * One-time prekeys that were handed out and never used. The relay hands out the lowest id first and says only how many
 * are left. An id is surely not at the relay when as many higher ones as it has left were uploaded. Ids whose
 * upload had no answer may or may not be there: they are not counted, only judged.
 */
export function retirePrekeys<T extends OneTimePrekey>(
  prekeys: readonly T[],
  available: number,
  now: Now,
): Retirement<T> {
  const found: Retirement<T> = { changed: [], erased: [] }
  let higher = 0
  for (const prekey of prekeys.toSorted((a, b) => b.id - a.id)) {
    const gone = higher >= available
    const retiredAt = prekey.retiredAt ?? null
    const since = gone ? retiredSince(retiredAt, now) : null
    if (since !== null && mayBeErased(since, now)) found.erased.push(prekey.id)
    else if (since !== retiredAt) found.changed.push({ ...prekey, retiredAt: since })
    if (prekey.uploaded !== false) higher += 1
  }
  return found
}
