import { describe, expect, test } from 'vitest'
import { fold, ranges } from '@/text/folding'

describe('search', () => {
  test('case and accents do not matter, and ranges are in the original', () => {
    expect(fold('ÉDITH Straße')).toBe('edith strasse')
    const text = 'Café, CAFE und cafe\u0301!'
    expect(ranges(text, fold('café')).map(([a, b]) => text.slice(a, b))).toEqual([
      'Café',
      'CAFE',
      'cafe\u0301',
    ])
    for (const [text, asked] of [
      ['ΟΔΟΣ', 'οδος'],
      ['οδός', 'ΟΔΟΣ'],
      ['STRASSE', 'straße'],
      ['straße', 'STRASSE'],
      ['ｆｕｌｌ ﬁt', 'full fit'],
      ['कि', 'कि'],
      ['か\u3099', 'が'],
      ['ｶﾞ', 'ガ'],
      ['ёлка', 'елка'],
      ['мо\u0301й', 'мой'],
      ['مُحَمَّد', 'محمد'],
      ['soft\u00ADhyphen', 'softhyphen'],
      ['İstanbul', 'istanbul'],
      ['한국', '\u1112\u1161\u11ab국'],
    ] as const) {
      expect(ranges(`a ${text} b`, fold(asked)), asked).toEqual([[2, 2 + text.length]])
      expect(fold(`a ${text} b`), asked).toContain(fold(asked))
    }
  })

  test('marks that make another letter stay', () => {
    for (const [text, asked] of [
      ['क', 'कि'],
      ['か', 'が'],
      ['が', 'か'],
      ['は', 'ぱ'],
      ['и', 'й'],
    ] as const) {
      expect(fold(text)).not.toContain(fold(asked))
      expect(ranges(text, fold(asked))).toEqual([])
    }
  })

  test('what is found and what is marked are the same', () => {
    const text = 'ΟΔΟΣ कि か\u3099 Straße e\u0301 👨\u200D👩\u200D👧 مُحَمَّد 한국 ﬁ İ ½'
    const folded = fold(text)
    for (let i = 0; i < folded.length; i++) {
      const needle = folded.slice(i, i + 2)
      expect(ranges(text, needle).length, needle).toBeGreaterThan(0)
    }
  })

  test('a match that overlaps itself is found once', () => {
    expect(ranges('aaa', 'aa')).toEqual([[0, 2]])
    expect(ranges('👋 hi', 'hi').map(([a, b]) => '👋 hi'.slice(a, b))).toEqual(['hi'])
  })
})
