/** Days as a date field holds them: `YYYY-MM-DD`, in the person's time zone. */
import { inCalendar, startOfDay } from './days'

export function dayText(at: number): string {
  const date = new Date(inCalendar(at))
  const digits = (part: number, length = 2): string => String(part).padStart(length, '0')
  return `${digits(date.getFullYear(), 4)}-${digits(date.getMonth() + 1)}-${digits(date.getDate())}`
}

/** The beginning of the day, ms, also where clocks skip midnight; null for what is no day. */
export function dayFrom(text: string): number | null {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  if (!year || !month || !day) return null
  // `new Date(33, …)` would be 1933; noon is there on every day.
  const noon = new Date(2000, 0, 1, 12)
  noon.setFullYear(Number(year), Number(month) - 1, Number(day))
  return dayText(noon.getTime()) === text ? startOfDay(noon.getTime()) : null
}
