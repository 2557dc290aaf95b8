/** The last moment that a `Date` holds; formatting a later one throws. */
const LAST = 8.64e15

/** The same time, or the nearest one there is: whatever was stored or sent can be shown. */
export const inCalendar = (at: number): number => Math.min(Math.max(at, 0), LAST) || 0

/** Whole calendar days, in the person's own time zone, from `at` until `now`; negative in the future. */
export function dayDistance(at: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000)
}

export function startOfDay(at: number): number {
  const date = new Date(inCalendar(at))
  date.setHours(0, 0, 0, 0)
  return date.getTime()
}
