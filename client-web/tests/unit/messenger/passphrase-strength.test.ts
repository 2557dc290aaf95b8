import { describe, expect, test } from 'vitest'
import {
  guessBits,
  passphraseStrength,
  suggestPassphrase,
} from '@/messenger/backup/passphrase-strength'
import { LEAST_STRENGTH } from '@/messenger/contract'

describe('passphrases', () => {
  test('suggested ones are strong and different', () => {
    const [one, two] = [suggestPassphrase(), suggestPassphrase()]
    expect(one).not.toBe(two)
    expect(one.split('-').length).toBe(7)
    expect(passphraseStrength(one)).toBe(4)
  })
  test('what everyone would guess is weak', () => {
    for (const weak of ['', 'password', 'aaaaaaaaaaaaaaaa', '1234567890123', 'abcdefghijkl']) {
      expect(passphraseStrength(weak), weak).toBeLessThanOrEqual(1)
    }
    expect(guessBits('aaaaaaaaaaaa')).toBeLessThan(guessBits('fjw8#kQm2pLx'))
  })
  test('a floor of strength, not of length', () => {
    for (const weak of [
      '123456789012',
      '210987654321',
      'passwordpassword',
      'P@ssw0rd2024',
      'qwertyuiop1234567890',
      'Passwort1234!',
      'abcabcabcabcabcabc',
      'iloveyou1990',
      'sunshine sunshine sunshine',
      '\u{1f600}'.repeat(20),
    ]) {
      expect(passphraseStrength(weak), weak).toBeLessThan(LEAST_STRENGTH)
    }
    for (const good of ['open sesame now', 'fjw8#kQm2pLx', 'tanzende Igel im Nebelmeer']) {
      expect(passphraseStrength(good), good).toBeGreaterThanOrEqual(LEAST_STRENGTH)
    }
    const long = 'x1'.repeat(50_000)
    expect(passphraseStrength(long)).toBeLessThan(LEAST_STRENGTH)
  })
})
