/**
 * Times in words: the clock today, "yesterday", a weekday within a week, else the date. Any number has a text, so
 * that a time from others cannot break the page.
 */
import { useIntervalFn, useNow } from '@vueuse/core'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { dayDistance, inCalendar } from './days'

const now = useNow({ scheduler: (tick) => useIntervalFn(tick, 30_000) })

function makeFormats(locale: string) {
  return {
    clock: new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' }),
    weekday: new Intl.DateTimeFormat(locale, { weekday: 'long' }),
    shortWeekday: new Intl.DateTimeFormat(locale, { weekday: 'short' }),
    shortDate: new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' }),
    date: new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' }),
    fullDate: new Intl.DateTimeFormat(locale, {
      day: 'numeric',
      month: 'long',
      year: 'numeric',
    }),
    numericDate: new Intl.DateTimeFormat(locale, { dateStyle: 'short' }),
    full: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }),
  }
}

const made = new Map<string, ReturnType<typeof makeFormats>>()
/** Cached: a formatter takes as long to create as a bubble to draw, and every bubble needs some. */
function formatsOf(locale: string): ReturnType<typeof makeFormats> {
  const formats = made.get(locale) ?? makeFormats(locale)
  made.set(locale, formats)
  return formats
}

export function useTimes() {
  const { t, locale: language } = useI18n()
  // The interface's language with the person's regional format: 14:30 or 2:30 pm.
  const locale = computed(
    () => navigator.languages.find((tag) => tag.split('-')[0] === language.value) ?? language.value,
  )
  const formats = computed(() => formatsOf(locale.value))

  const say = (format: keyof ReturnType<typeof makeFormats>, at: number): string =>
    formats.value[format].format(inCalendar(at))
  const sameYear = (at: number) =>
    new Date(inCalendar(at)).getFullYear() === now.value.getFullYear()

  function clock(at: number): string {
    return say('clock', at)
  }

  /** For the conversation list: the shortest unambiguous form. */
  function short(at: number): string {
    const days = dayDistance(at, now.value.getTime())
    if (days <= 0) return clock(at)
    if (days === 1) return t('common.yesterday')
    if (days < 7) return say('shortWeekday', at)
    return say(sameYear(at) ? 'shortDate' : 'numericDate', at)
  }

  /** For day separators. */
  function day(at: number): string {
    const days = dayDistance(at, now.value.getTime())
    if (days <= 0) return t('common.today')
    if (days === 1) return t('common.yesterday')
    if (days < 7) return say('weekday', at)
    return say(sameYear(at) ? 'date' : 'fullDate', at)
  }

  function full(at: number): string {
    return say('full', at)
  }

  function date(at: number): string {
    return say('fullDate', at)
  }

  /** For the attribute `<time datetime>`. */
  function iso(at: number): string {
    return new Date(inCalendar(at)).toISOString()
  }

  return { clock, short, day, full, date, iso, now }
}
