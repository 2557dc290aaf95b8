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
