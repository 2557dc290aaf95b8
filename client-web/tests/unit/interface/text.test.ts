import { describe, expect, it, vi } from 'vitest'
import { avatarLook } from '@/composables/avatar'
import { passwordProblem, usernameProblem } from '@/text/credentials'
import { dayDistance, inCalendar, startOfDay } from '@/composables/days'
import { textDirection } from '@/composables/direction'
import { excerpt } from '@/composables/excerpt'
import { pickLanguage } from '@/i18n/languages'
import { cutLinks } from '@/text/links'

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

  it.each([
    ['https://example.org）', 'https://example.org'],
    ['（https://example.org/a）', 'https://example.org/a'],
    ['https://example.org/b。', 'https://example.org/b'],
    ['見て https://example.org/b。ありがとう', 'https://example.org/b'],
    ['https://example.org/b،', 'https://example.org/b'],
    ['https://example.org/b؟', 'https://example.org/b'],
    ['https://example.org/b।', 'https://example.org/b'],
    ['https://example.org/b\u200F', 'https://example.org/b'],
    ['https://example.org/b\u200B', 'https://example.org/b'],
    ['https://ja.wikipedia.org/wiki/東京_(曖昧)', 'https://ja.wikipedia.org/wiki/東京_(曖昧)'],
  ])('of %s end where the address ends', (text, link) => {
    expect(cutLinks(text).find((run) => run.href)?.text).toBe(link)
  })

  it.each([
    ['https://аррӏе.com', 'https://xn--80ak6aa92e.com'],
    ['https://аррӏе.com/login?a=b', 'https://xn--80ak6aa92e.com/login?a=b'],
    ['https://gооgle.com:8443/x', 'https://xn--ggle-55da.com:8443/x'],
    ['https://exаmple.org?q', 'https://xn--exmple-4nf.org/?q'],
    ['https://𝐚pple.com/', 'https://apple.com/'],
    ['https://%61pple.com/', 'https://apple.com/'],
    ['https://2130706433/', 'https://127.0.0.1/'],
    ['https://ıcloud.com', 'https://xn--cloud-m4a.com'],
    ['https://ɡoogle.com', 'https://xn--oogle-qmc.com'],
  ])('show the host that %s really opens', (text, shown) => {
    const [run] = cutLinks(text)
    expect(run).toMatchObject({ text, shown })
  })

  it.each([
    'https://Example.org/A',
    'https://example.org:443/',
    'https://münchen.de/',
    'https://пример.рф/',
    'https://привет.com/',
    'https://例え.jp/',
    'https://日本語abc.jp/',
    'https://ελλάδα.gr/',
    'https://xn--80ak6aa92e.com/',
    'https://موقع.وزارة-الاتصالات.مصر/',
  ])('show %s as it was written', (text) => {
    expect(cutLinks(text)).toMatchObject([{ text, shown: text }])
  })

  it.each([')', '(', '.)', '!?', '()'])(
    'copy a long address a few times, not once per character, whatever %j is repeated',
    (tail) => {
      const slices = vi.spyOn(String.prototype, 'slice')
      cutLinks(`https://a/${tail.repeat(16_000 / tail.length)}`)
      const copies = slices.mock.calls.length
      slices.mockRestore()
      expect(copies).toBeLessThan(10)
    },
  )

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
