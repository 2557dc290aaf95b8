/** What people paste and type stands for what they see. */
import { expect, test } from 'vitest'
import { asciiTyped } from '@/text/typed'

test.each([
  ['full width', '＠ａｎｎａ＿１＃７Ｋ', '@anna_1#7K'],
  [
    'isolates, marks and joiners around and inside',
    '\u2068\u200E@an\u200Bna\uFEFF#7\u00ADK\u2069',
    '@anna#7K',
  ],
  ['every dash', '7‐8‑9‒0–1—2―3−4﹣5－6', '7-8-9-0-1-2-3-4-5-6'],
  ['every space', '7\u00A08\u20099\u30000\u202F1', '7 8 9 0 1'],
  ['digits of other scripts', '٧۳९๗', '7397'],
  ['letters drawn alike', '@аnnа#КЗТХ', '@anna#K3TX'],
  ['a Turkish keyboard', 'İı', 'Ii'],
  ['a ligature of a printed page', 'ﬁona', 'fiona'],
])('%s', (_, typed, seen) => {
  expect(asciiTyped(typed)).toBe(seen)
})

test('what looks like nothing of ASCII stays', () => {
  expect(asciiTyped('ünïcödé漢ß')).toBe('ünïcödé漢ß')
})
