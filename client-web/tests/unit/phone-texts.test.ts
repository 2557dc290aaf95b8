/** A phone's own texts stand in both languages, and take the place of texts that the catalogue has. */
import { describe, expect, it } from 'vitest'
import de from '@/i18n/de'
import en from '@/i18n/en'
import { deviceTexts } from '../../../capacitor/src/texts'
import germanTexts from '../../../capacitor/src/texts/de'
import englishTexts from '../../../capacitor/src/texts/en'

const keys = (texts: object, path = ''): string[] =>
  Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [path + key] : keys(value as object, `${path}${key}.`),
  )
const textAt = (texts: object, key: string): unknown =>
  key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], texts)

describe('a phone’s texts', () => {
  it('have the same keys in both languages, and no text of the other one', () => {
    expect(keys(germanTexts)).toEqual(keys(englishTexts))
    for (const key of keys(englishTexts)) {
      expect(textAt(germanTexts, key), key).not.toBe(textAt(englishTexts, key))
    }
  })

  it('stand in place of texts that the catalogue has', () => {
    const { instead } = englishTexts
    expect(keys(instead).filter((key) => !keys(en).includes(key))).toEqual([])
    for (const [language, catalogue, texts] of [
      ['en', en, englishTexts],
      ['de', de, germanTexts],
    ] as const) {
      const shown = deviceTexts(language, catalogue)
      for (const key of keys(texts.instead))
        expect(textAt(shown, key)).toBe(textAt(texts.instead, key))
      expect(keys(shown).toSorted()).toEqual(
        [...keys(catalogue), 'phone.channel', 'phone.recognise'].toSorted(),
      )
      expect(textAt(shown, 'phone')).toEqual(texts.phone)
    }
    expect(en.system.unlockWithPasskey).toBe('Unlock with passkey')
  })

  it('speak of no browser', () => {
    for (const texts of [englishTexts, germanTexts])
      expect(JSON.stringify(texts)).not.toMatch(/browser/i)
  })
})
