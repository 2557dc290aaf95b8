/**
 * Decides when private halves of prekeys are erased that the relay no longer gives away. Erased too early, a
 * message on its way can never be read; too late, the key can be stolen for longer. Both this device's clock
 * and the relay's must have passed the time, counted from the later of both.
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
 * One-time prekeys that were handed out and never used. The relay hands out the lowest id first and reports only
 * how many are left, `available`. An id is no longer at the relay once that many higher ones were uploaded.
 * Ids whose upload had no answer may or may not be there: they are judged, but not counted.
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
