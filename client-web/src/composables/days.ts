/** The last moment that a `Date` can hold. Formatting a later one throws. */
const LAST = 8.64e15

/** The time, limited to what a `Date` can hold: a time from others may be any number. */
export const inCalendar = (at: number): number => Math.min(Math.max(at, 0), LAST) || 0

/** Whole calendar days from `at` until `now`, in the person's time zone; negative for the future. */
export function dayDistance(at: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000)
}

export function startOfDay(at: number): number {
  const date = new Date(inCalendar(at))
  date.setHours(0, 0, 0, 0)
  return date.getTime()
}
