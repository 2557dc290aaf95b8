import { describe, expect, it } from 'vitest'
import { avatarLook } from '@/composables/avatar'
import { passwordProblem, usernameProblem } from '@/composables/credentials'
import { dayDistance, inCalendar, startOfDay } from '@/composables/days'
import { textDirection } from '@/composables/direction'
import { excerpt } from '@/composables/excerpt'
import { cutLinks } from '@/composables/links'
import { pickLanguage } from '@/i18n/languages'

describe('links in messages', () => {
  const hrefs = (text: string) => cutLinks(text).flatMap((run) => run.href ?? [])
  const whole = (text: string) =>
    cutLinks(text)
      .map((run) => run.text)
      .join('')

  it('are found without the punctuation of the sentence around them', () => {
    expect(hrefs('See https://example.org/a?b=1, or (http://example.org/x_(y)).')).toEqual([
      'https://example.org/a?b=1',
      'http://example.org/x_(y)',
    ])
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,<b>',
    'ftp://example.org',
    'https://bank.example@evil.example/',
    'https://',
    '<a href="x">',
    'nothing here',
  ])('are never made of %s', (text) => {
    expect(hrefs(text)).toEqual([])
  })

  it('stop at characters that turn the writing direction', () => {
    expect(hrefs('https://example.org/\u202Egpj.exe')).toEqual(['https://example.org/'])
  })

  it.each(['', 'plain', 'https://a.example', 'a https://a.example b https://b.example. c', '\n\n'])(
    'lose nothing of the text %j',
    (text) => expect(whole(text)).toBe(text),
  )
})

describe('a search excerpt', () => {
  it('marks matches and starts shortly before the first', () => {
    const text = `${'word '.repeat(40)}needle and more`
    const at = text.indexOf('needle')
    const runs = excerpt(text, [[at, at + 6]])
    expect(runs.find((run) => run.match)?.text).toBe('needle')
    expect(runs[0]?.text).toBe('… ')
    expect(runs.map((run) => run.text).join('').length).toBeLessThan(180)
  })

  it('shows a text without matches from its beginning', () => {
    expect(excerpt('short', [])).toEqual([{ text: 'short', match: false }])
  })
})

describe('writing direction', () => {
  it('follows the first letter, whatever stands before it', () => {
    expect(textDirection('12: שלום hello')).toBe('rtl')
    expect(textDirection('🎉 hello שלום')).toBe('ltr')
    expect(textDirection('مرحبا')).toBe('rtl')
    expect(textDirection('123')).toBe('ltr')
  })
})

describe('an avatar', () => {
  it('looks the same for the same key and different for another', () => {
    expect(avatarLook('anna', 'KEY1')).toEqual(avatarLook('anna', 'KEY1'))
    expect(avatarLook('anna', 'KEY1').background).not.toBe(avatarLook('anna', 'KEY2').background)
  })

  it('shows one letter, or two of a name in parts', () => {
    expect(avatarLook('anna', null).initials).toBe('A')
    expect(avatarLook('ben_k', null).initials).toBe('BK')
    expect(avatarLook('_', null).initials).toBe('?')
  })
})

describe('days', () => {
  it('are counted by the calendar, not by hours', () => {
    const lateEvening = new Date(2026, 2, 11, 23, 59).getTime()
    const earlyMorning = new Date(2026, 2, 12, 0, 1).getTime()
    expect(dayDistance(lateEvening, earlyMorning)).toBe(1)
    expect(dayDistance(earlyMorning, earlyMorning + 60_000)).toBe(0)
  })

  it('count a day with a clock change as one', () => {
    const before = new Date(2026, 2, 28, 12).getTime()
    expect(dayDistance(before, new Date(2026, 2, 30, 12).getTime())).toBe(2)
  })
})

describe('any number at all', () => {
  it.each([Number.NaN, Infinity, -Infinity, -1e300, 1e300, 8.64e15, 8.64e15 + 1, 0, -1])(
    'has a day and can be formatted: %d',
    (at) => {
      expect(Number.isFinite(startOfDay(at))).toBe(true)
      expect(Number.isFinite(dayDistance(at, Date.now()))).toBe(true)
      expect(new Date(inCalendar(at)).toISOString()).toMatch(/^[+\d]\d+-\d\d-\d\dT/)
    },
  )

  it('is the time it says, where there is one', () => {
    expect(inCalendar(1_700_000_000_000)).toBe(1_700_000_000_000)
  })
})

describe('names, passwords, languages', () => {
  it('are checked as the relay checks them', () => {
    expect(usernameProblem('ben_k2')).toBeNull()
    for (const bad of ['ab', 'Anna', 'a-b', 'a'.repeat(33), ''])
      expect(usernameProblem(bad)).not.toBeNull()
    expect(passwordProblem('0123456789')).toBeNull()
    expect(passwordProblem('012345678')).not.toBeNull()
    expect(passwordProblem('x'.repeat(257))).not.toBeNull()
  })

  it('pick the first language of the person that we speak', () => {
    expect(pickLanguage(['fr-FR', 'de-AT', 'en'])).toBe('de')
    expect(pickLanguage(['xx'])).toBe('en')
  })
})
