/** Lengths of time in words, in the largest unit that says them exactly: "1 hour", in short "1h". */
import { useI18n } from 'vue-i18n'

export const units = [
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

export type DurationUnit = (typeof units)[number][0]

export function inUnits(seconds: number): { count: number; unit: DurationUnit } {
  const [unit, length] = units.find(([, one]) => seconds % one === 0) ?? ['second', 1]
  return { count: seconds / length, unit }
}

export function useDurations() {
  const { locale } = useI18n()

  function say(seconds: number, unitDisplay: 'long' | 'short'): string {
    const { count, unit } = inUnits(seconds)
    return new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay }).format(count)
  }

  return {
    long: (seconds: number) => say(seconds, 'long'),
    short: (seconds: number) => say(seconds, 'short'),
  }
}
