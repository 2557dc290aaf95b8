/** How texts are compared in a search, and where in the original the match stands. */
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/

/** Case and accents do not matter: "Édith" finds "edith". */
export function fold(text: string): string {
  // Most of what is written here, and ten times as fast.
  if (ASCII.test(text)) return text.toLowerCase()
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

/** Where the needle stands in the original text, though folding may change lengths. */
export function ranges(text: string, needle: string): [number, number][] {
  let folded = ''
  const starts: number[] = []
  const ends: number[] = []
  let at = 0
  for (const char of text) {
    const part = fold(char)
    for (let i = 0; i < part.length; i++) {
      starts.push(at)
      ends.push(at + char.length)
    }
    at += char.length
    folded += part
  }
  const found: [number, number][] = []
  for (let i = folded.indexOf(needle); i >= 0; i = folded.indexOf(needle, i + needle.length)) {
    found.push([starts[i] ?? 0, ends[i + needle.length - 1] ?? text.length])
  }
  return found
}
