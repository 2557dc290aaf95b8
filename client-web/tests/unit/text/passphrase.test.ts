import { expect, test } from 'vitest'
import { passphraseReadings } from '@/text/passphrase'

test('a passphrase is first what was typed; only what looks different is tried next', () => {
  expect(passphraseReadings('xK3!tr0ub4dor')).toEqual(['xK3!tr0ub4dor'])
  expect(passphraseReadings('able-baker-cabin')).toEqual(['able-baker-cabin'])
  expect(passphraseReadings('Able Baker Cabin')).toEqual(['Able Baker Cabin', 'able-baker-cabin'])
  expect(passphraseReadings(' geheim\u200B1 ')).toEqual([' geheim\u200B1 ', 'geheim1'])
})
