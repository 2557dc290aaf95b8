/** Passphrases: suggested ones from a list, and a careful guess at how strong a typed one is. */
import { words } from './wordlist'

const WORDS = 7
/** Seven words of 2,048: 77 bits. */
export function suggestPassphrase(): string {
  const draws = crypto.getRandomValues(new Uint32Array(WORDS))
  return Array.from(draws, (draw) => words[draw % words.length]).join('-')
}

/** Frequent passwords in several languages; each is among the first guesses. */
const FAVOURITES = new Set(
  `password passwort passwd passphrase kennwort geheim secret qwerty qwertz azerty letmein welcome willkommen
  hallo hello iloveyou ichliebedich dragon monkey football fussball baseball master shadow sunshine princess
  prinzessin schatz sommer winter summer admin administrator login test user benutzer hunter trustno superman
  batman pokemon starwars computer internet samsung google facebook michael thomas andreas daniel jessica
  ashley bailey charlie access mustang killer freedom whatever liverpool arsenal chelsea bayern sealstream`
    .split(/\s+/)
    .filter(Boolean),
)
const ROWS = [
  'qwertyuiop',
  'qwertzuiopü',
  'azertyuiop',
  'asdfghjklöä',
  'zxcvbnm',
  'yxcvbnm',
  '1234567890',
].flatMap((row) => [row, Array.from(row).reverse().join('')])
const listed = new Set(words)
const LONGEST_WORD = 13
/** Only this many characters are examined. */
const LONGEST = 160
/** The longest stretch that is seen to come again and again, and what saying so costs. */
const PERIODS = 24
const REPEAT = 3
/** Letters that people write as digits and signs. */
const DISGUISES: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  '5': 's',
  $: 's',
  '7': 't',
}

/**
 * Bits of the cheapest way to spell it out of single characters, words, runs, repeats, rows of the
 * keyboard and years: whoever guesses tries those first.
 */
export function guessBits(passphrase: string): number {
  const chars = Array.from(passphrase.normalize('NFKC').slice(0, LONGEST))
  const lower = chars.map((char) => char.toLowerCase())
  const alphabet = Math.log2(alphabetOf(passphrase))
  // People's own choices hold less than random ones of the same length.
  const single = alphabet * 0.6
  const best = [0]
  const again = Array.from({ length: PERIODS }, () => 0)
  for (let end = 1; end <= chars.length; end++) {
    let least = (best[end - 1] ?? 0) + single
    for (let period = 1; period <= PERIODS; period++) {
      const same = end > period && lower[end - 1] === lower[end - 1 - period]
      const length = same ? (again[period - 1] ?? 0) + 1 : 0
      again[period - 1] = length
      const before = best[end - length] ?? 0
      if (length > 0) least = Math.min(least, before + REPEAT + Math.log2(length))
    }
    for (let start = Math.max(0, end - LONGEST_WORD); start < end - 1; start++) {
      const piece = pieceBits(chars, lower, start, end, alphabet)
      least = Math.min(least, (best[start] ?? 0) + piece)
    }
    best.push(least)
  }
  return Math.min(best.at(-1) ?? 0, ofListedWords(lower.join('')))
}

export function passphraseStrength(passphrase: string): 0 | 1 | 2 | 3 | 4 {
  const bits = guessBits(passphrase)
  return bits < 25 ? 0 : bits < 38 ? 1 : bits < 50 ? 2 : bits < 64 ? 3 : 4
}

/** Of a passphrase that is nothing but words of the list: those are drawn, and count once each. */
function ofListedWords(text: string): number {
  const parts = text.split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  if (parts.length < 3 || !parts.every((part) => listed.has(part))) return Infinity
  return new Set(parts).size * 11
}

function alphabetOf(passphrase: string): number {
  const kinds: [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^a-zA-Z0-9]/, 33],
  ]
  return Math.max(
    2,
    kinds.reduce((sum, [kind, size]) => sum + (kind.test(passphrase) ? size : 0), 0),
  )
}

/** Of `chars` from `start` to `end` as one piece; Infinity where it is none. */
function pieceBits(
  chars: readonly string[],
  lower: readonly string[],
  start: number,
  end: number,
  alphabet: number,
): number {
  const length = end - start
  if (length >= 3 && isRun(lower, start, end)) return alphabet + Math.log2(length) + 1
  const text = lower.slice(start, end).join('')
  if (length >= 4 && isOnRow(text)) return 7 + Math.log2(length)
  if (/^(19|20)\d\d$/.test(text)) return 7
  if (length < 4 || length > LONGEST_WORD) return Infinity
  const capitals = chars.slice(start, end).some((char, i) => char !== lower[start + i]) ? 1 : 0
  const plain = wordBits(text)
  if (plain < Infinity) return plain + capitals
  const undone = [...text].map((char) => DISGUISES[char] ?? char).join('')
  return wordBits(undone) + capitals + 2
}

const wordBits = (text: string): number =>
  FAVOURITES.has(text) ? 7 : listed.has(text) ? 11 : Infinity

const isOnRow = (text: string): boolean => ROWS.some((row) => row.includes(text))

function isRun(chars: readonly string[], start: number, end: number): boolean {
  const step = codeOf(chars[start + 1]) - codeOf(chars[start])
  if (Math.abs(step) > 1) return false
  for (let i = start + 2; i < end; i++) {
    if (codeOf(chars[i]) - codeOf(chars[i - 1]) !== step) return false
  }
  return true
}

const codeOf = (char: string | undefined): number => char?.codePointAt(0) ?? 0
