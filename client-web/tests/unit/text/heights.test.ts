import { expect, test } from 'vitest'
import { folded } from '@/text/heights'
import { isBlank } from '@/text/sendable'

const shown = (text: string): string => folded(text) ?? text

test('a text of ordinary length and height is shown whole', () => {
  for (const text of ['hello', 'word '.repeat(270), '漢'.repeat(600), 'line\n'.repeat(20)]) {
    expect(folded(text)).toBeNull()
  }
})

test.each([
  ['line breaks', `${'\n'.repeat(1_399)}x`],
  ['many short lines', '1\n'.repeat(8_000)],
  ['separators of Unicode', '1\u2028'.repeat(500)],
  ['wide letters', '漢'.repeat(1_399)],
  ['a long text', 'word '.repeat(3_000)],
])('a tall text is folded by its height: %s', (_, text) => {
  const start = shown(text)
  expect(start.length).toBeLessThan(text.length)
  expect(start.split(/[\n\u2028]/).length).toBeLessThanOrEqual(30)
})

test('a long text is cut between words, and never inside a character', () => {
  expect(shown('word '.repeat(3_000)).endsWith('word…')).toBe(true)
  expect(shown(`a${'😀'.repeat(2_000)}`).isWellFormed()).toBe(true)
})

test.each([
  ['blank lines', `${'\n'.repeat(1_399)}x`, '…\nx'],
  ['lines of spaces and fillers', `${' \u3164\n'.repeat(700)}  x`, '…\n  x'],
  ['invisible characters', `${'\u200b'.repeat(2_000)}x`, '…x'],
])('a folded text begins where there is something to see: after %s', (_, text, start) => {
  expect(shown(text)).toBe(start)
})

test('blank lines at the end of what is shown are left out', () => {
  expect(shown(`a${'\n'.repeat(1_399)}x`)).toBe('a…')
  expect(shown(`${'\n'.repeat(100)}a${'\n'.repeat(1_399)}x`)).toBe('…\na…')
})

test('a text of blank lines alone has nothing to begin with', () => {
  const text = '\n'.repeat(1_000)
  expect(isBlank(text)).toBe(true)
  expect(shown(text)).toBe('…')
})
