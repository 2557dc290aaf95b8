import { describe, expect, it, vi } from 'vitest'
import { excerpt } from '@/composables/excerpt'
import {
  approximateGraphemes,
  cutBefore,
  cutBehind,
  graphemes,
  shorten,
  wellFormed,
} from '@/text/graphemes'

const FAMILY = '👨‍👩‍👧‍👦'
const samples = ['😀', FAMILY, '🇩🇪', 'e\u0301', '각', 'कि', '👍🏽', '\r\n', '🏴󠁧󠁢󠁥󠁮󠁧󠁿']

describe('a cut', () => {
  it.each(samples)('never falls inside of %j', (one) => {
    const text = `a${one.repeat(40)}b`
    const places = new Set([0])
    let end = 0
    for (const part of graphemes(text)) places.add((end += part.length))
    for (let at = -1; at <= text.length + 1; at += 1) {
      const [before, behind] = [cutBefore(text, at), cutBehind(text, at)]
      expect(places).toContain(before)
      expect(places).toContain(behind)
      expect(before).toBeLessThanOrEqual(Math.max(at, 0))
      expect(behind).toBeGreaterThanOrEqual(Math.min(at, text.length))
    }
  })

  it('of endless marks falls between code points', () => {
    const text = `Z${'\u0300'.repeat(5_000)}`
    expect(cutBefore(text, 1_000)).toBe(1_000)
    expect(cutBehind(text, 1_000)).toBe(1_000)
    const astral = `Z${'\u{1D165}'.repeat(5_000)}`
    expect(shorten(astral, 1_000)).toBe(wellFormed(shorten(astral, 1_000)))
  })
})

it('a search excerpt is well-formed and holds whole characters only', () => {
  const needle = 'needle'
  for (const one of samples.filter((sample) => sample !== '\r\n')) {
    for (const before of ['', 'a', 'ab', 'abc']) {
      const text = before + one.repeat(150) + needle + one.repeat(150)
      const at = text.indexOf(needle)
      const runs = excerpt(text, [[at, at + needle.length]])
      const shown = runs
        .map((run) => run.text)
        .join('')
        .replaceAll(/… | …/g, '')
      expect(runs.find((run) => run.match)?.text).toBe(needle)
      expect(
        graphemes(shown).every((part) => part === one || (before + needle).includes(part)),
      ).toBe(true)
    }
  }
})

it('a match takes in the marks of its last letter', () => {
  const runs = excerpt('cafe\u0301 noir', [[0, 4]])
  expect(runs[0]).toEqual({ text: 'cafe\u0301', match: true })
})

it('lone surrogates are replaced, pairs stay', () => {
  expect(wellFormed('a\uD800b😀\uDC00')).toBe('a\uFFFDb😀\uFFFD')
})

describe('without Intl.Segmenter', () => {
  it.each(samples)('%j is still one character', (one) => {
    expect(approximateGraphemes(`a${one}${one}b`)).toEqual(['a', one, one, 'b'])
  })

  it('everything that counts or cuts characters works', async () => {
    vi.resetModules()
    const { Segmenter } = Intl
    Reflect.deleteProperty(Intl, 'Segmenter')
    try {
      const bare = await import('@/text/graphemes')
      const { isEmojiOnly } = await import('@/text/emoji')
      expect(isEmojiOnly(FAMILY)).toBe(true)
      expect(isEmojiOnly('😀😀😀😀')).toBe(false)
      for (const one of samples) {
        const text = one.repeat(40)
        expect(bare.cutBefore(text, 2 * one.length - 1)).toBe(one.length)
        expect(bare.cutBehind(text, one.length + 1)).toBe(2 * one.length)
      }
    } finally {
      Object.defineProperty(Intl, 'Segmenter', {
        value: Segmenter,
        configurable: true,
        writable: true,
      })
      vi.resetModules()
    }
  })
})
