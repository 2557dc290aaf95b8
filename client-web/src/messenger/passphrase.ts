/** Passphrases: suggested ones from a list, and a careful guess at how strong a typed one is. */
import { words } from './words'

const WORDS = 7

/** Seven words of 2,048: 77 bits. */
export function suggestPassphrase(): string {
  const draws = crypto.getRandomValues(new Uint32Array(WORDS))
  return Array.from(draws, (draw) => words[draw % words.length]).join('-')
}

/** Bits, from length and the kinds of characters, less for repeats, runs and known words. */
export function guessBits(passphrase: string): number {
  const parts = passphrase
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
  if (parts.length >= 3 && parts.every((part) => words.includes(part))) {
    return new Set(parts).size * 11
  }
  const kinds: [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^a-zA-Z0-9]/, 33],
  ]
  const alphabet = kinds.reduce((sum, [kind, size]) => sum + (kind.test(passphrase) ? size : 0), 0)
  const effective = [...passphrase].filter((char, i, all) => {
    const [before, twoBefore] = [all[i - 1], all[i - 2]]
    if (before === undefined) return true
    const step = (char.codePointAt(0) ?? 0) - (before.codePointAt(0) ?? 0)
    const last = (before.codePointAt(0) ?? 0) - (twoBefore?.codePointAt(0) ?? -9)
    return step !== 0 && !(Math.abs(step) === 1 && step === last)
  }).length
  // People's own choices hold less than random ones of the same length.
  return Math.log2(Math.max(2, alphabet)) * effective * 0.6
}

export function passphraseStrength(passphrase: string): 0 | 1 | 2 | 3 | 4 {
  const bits = guessBits(passphrase)
  return bits < 25 ? 0 : bits < 38 ? 1 : bits < 50 ? 2 : bits < 64 ? 3 : 4
}
