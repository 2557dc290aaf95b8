/** Days in a date field, in time zones where clocks skip midnight or whole days, and at every change of the clock. */
import { afterEach, describe, expect, test } from 'vitest'
import { dayFrom, dayText } from '@/composables/date-field'
import { startOfDay } from '@/composables/days'

const HERE = process.env['TZ']

afterEach(() => {
  if (HERE === undefined) delete process.env['TZ']
  else process.env['TZ'] = HERE
})

describe.each([
  'UTC',
  'Europe/Berlin',
  // Clocks go from 23:59 to 01:00.
  'America/Santiago',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Pacific/Auckland',
])('in %s', (zone) => {
  test('each day of two years begins where the chat shows it to begin', () => {
    process.env['TZ'] = zone
    for (let day = 0; day < 731; day += 1) {
      const noon = new Date(2025, 0, 1 + day, 12).getTime()
      const text = dayText(noon)
      const at = dayFrom(text)
      expect(at, text).toBe(startOfDay(noon))
      expect(dayText(at ?? 0)).toBe(text)
      // The last moment of the day before is not in it.
      expect(dayText((at ?? 0) - 1), text).not.toBe(text)
    }
  })
})

test('what is no day is none', () => {
  for (const text of ['', '2026-02-30', '2026-13-01', '12026-01-01', 'today', '2026-1-1']) {
    expect(dayFrom(text), text).toBe(null)
  }
  // Before the calendar of messages begins.
  expect(dayFrom('0033-04-03')).toBe(null)
})
