import { quoteOf } from '@/messenger/chats/reply-preview'
import { blankMessage } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { describe, expect, test } from 'vitest'
import { delay, reconnectBackoff } from '@/messenger/core/backoff'
import {
  guessBits,
  passphraseStrength,
  suggestPassphrase,
} from '@/messenger/backup/passphrase-strength'
import { conversationWith, LEAST_STRENGTH } from '@/messenger/contract'
import { fold, ranges } from '@/messenger/chats/folding'
import { Serial, TurnChanges } from '@/messenger/core/serial'
import { signedPrekeyAge, signedPrekeyId, STALE_AFTER } from '@/messenger/keys/signed-prekey-age'

const DAY = 86_400_000

describe('backoff', () => {
  test('grows to thirty seconds and no further, with jitter', () => {
    expect(delay(reconnectBackoff, 0, () => 1)).toBe(500)
    expect(delay(reconnectBackoff, 0, () => 0)).toBe(250)
    for (let n = 0; n < 50; n++)
      expect(delay(reconnectBackoff, n, () => 1)).toBeLessThanOrEqual(30_000)
  })
})

describe('signed prekeys carry their time', () => {
  const now = Date.parse('2026-06-01')
  test('threat 5: a sixty-day-old one is stale, a fresh one is not', () => {
    expect(signedPrekeyAge(signedPrekeyId(now - 60 * DAY, 0), now)).toBeGreaterThan(STALE_AFTER)
    expect(signedPrekeyAge(signedPrekeyId(now - DAY, 0), now)).toBeLessThan(STALE_AFTER)
  })
  test('ids only grow, fit libsignal, and small ones say nothing', () => {
    expect(signedPrekeyId(now, 0)).toBeLessThan(0xffffff)
    expect(signedPrekeyId(now, 900_000)).toBe(900_001)
    expect(signedPrekeyAge(7, now)).toBeNull()
    expect(signedPrekeyAge(0xffffff, now)).toBeNull()
  })
})

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

test('serial jobs run one after the other, a failed one included', async () => {
  const serial = new Serial()
  const seen: number[] = []
  const job = (n: number, fails = false) =>
    serial.run(async () => {
      await new Promise((done) => setTimeout(done, 10 - n))
      seen.push(n)
      if (fails) throw new Error('x')
    })
  const all = await Promise.allSettled([job(1), job(2, true), job(3)])
  expect(seen).toEqual([1, 2, 3])
  expect(all.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('changes to what is in memory need a turn, which the type checker asks for', async () => {
  // @ts-expect-error: outside of a job there is no turn
  void (() => new TurnChanges())
  // @ts-expect-error: nothing else is one
  void (() => new TurnChanges({}))
  await new Serial().run(async (turn) => {
    expect(new TurnChanges(turn).empty).toBe(true)
  })
})

test('a quote begins where there is something to see', () => {
  const message: MessageRecord = {
    ...blankMessage,
    id: 'id',
    conversation: conversationWith('anna'),
    kind: 'text',
    text: `${'\n'.repeat(200)}at last`,
    sentAt: 1,
    order: 1,
  }
  expect(quoteOf(message).excerpt).toBe('at last')
})
