/**
 * Our signed prekeys carry the time they were made in their id: hours since the epoch. A relay
 * cannot relabel one (its owner finds the private half by the id), so an old one, withheld from
 * rotation, shows. Ids of other clients that just count up say nothing.
 */
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** 2024-01-01: no smaller id is a time. */
const FIRST = 473_352

export const ROTATE_AFTER = 7 * DAY
export const STALE_AFTER = 30 * DAY

/** A new id: the hour, or just above the last one. */
export const signedPrekeyId = (now: number, last: number): number =>
  Math.max(Math.floor(now / HOUR), last + 1)

/** Milliseconds since it was made, or null where the id does not tell. */
export function signedPrekeyAge(id: number, now: number): number | null {
  if (id < FIRST || id * HOUR > now + 400 * DAY) return null
  return Math.max(0, now - id * HOUR)
}
