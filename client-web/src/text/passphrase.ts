/**
 * What somebody may have meant with a passphrase typed from paper or pasted: the text itself
 * first, then without what cannot be seen, then as the words that we suggest are written.
 */
import { asciiTyped } from './typed'

/** In the order to try; each costs a key derivation, so most texts have only one. */
export function passphraseReadings(typed: string): readonly string[] {
  const exact = typed.normalize('NFKC')
  const seen = asciiTyped(typed).trim()
  const words = seen
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean)
  const suggested = /^[a-z .,;_/-]+$/i.test(seen) && words.length >= 3 ? [words.join('-')] : []
  return [...new Set([exact, seen, ...suggested])]
}

/** The first reading that `open` takes. @throws what it threw for the last one */
export async function withReadings<T>(
  typed: string,
  open: (passphrase: string) => Promise<T>,
): Promise<T> {
  const [exact = '', ...others] = passphraseReadings(typed)
  let attempt = open(exact)
  for (const reading of others) attempt = attempt.catch(() => open(reading))
  return attempt
}
