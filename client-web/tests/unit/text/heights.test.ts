import { expect, test } from 'vitest'
import { foldedEnd } from '@/text/heights'

const shown = (text: string): string => text.slice(0, foldedEnd(text) ?? text.length)

test('a text of ordinary length and height is shown whole', () => {
  for (const text of ['hello', 'word '.repeat(270), '漢'.repeat(600), 'line\n'.repeat(20)]) {
    expect(foldedEnd(text)).toBeNull()
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
  expect(shown('word '.repeat(3_000)).endsWith('word')).toBe(true)
  expect(shown(`a${'😀'.repeat(2_000)}`).isWellFormed()).toBe(true)
})
