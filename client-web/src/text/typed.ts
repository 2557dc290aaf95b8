/**
 * Text that a person typed or pasted, as the ASCII it looks like: for codes and names, which are
 * ASCII. Another messenger, a phone keyboard or a page of paper may change width, dashes, spaces,
 * digits and letters without anybody seeing it. What looks like no ASCII stays, so that it is
 * refused and never taken for another name.
 */

/** Default-ignorable: direction marks, isolates, joiners, soft hyphens, the byte order mark. */
const INVISIBLE = /\p{DI}/gu
const DASH = /[\p{Pd}\u2043\u2212]/gu
/** Line breaks and tabs too. */
const SPACE = /[\s\p{Z}\p{Cc}]+/gu
const DIGIT = /(?![0-9])\p{Nd}/gu

/** Letters of other scripts drawn as Latin ones, and those of a Turkish keyboard. */
const ALIKE: ReadonlyMap<string, string> = new Map(
  [
    ['АВЕЗКМНОРСТУХІЈЅԚԜаезкорсухіјѕԛԝһԁ', 'ABE3KMHOPCTYXIJSQWae3kopcyxijsqwhd'],
    ['вмнт', 'bmht'],
    ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο', 'ABEZHIKMNOPTYXo'],
    ['İı', 'Ii'],
  ].flatMap(([alike = '', ascii = '']) =>
    [...alike].map((letter, i): [string, string] => [letter, ascii.charAt(i)]),
  ),
)

export function asciiTyped(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(INVISIBLE, '')
    .replaceAll(DASH, '-')
    .replaceAll(SPACE, ' ')
    .replaceAll(DIGIT, decimal)
    .replaceAll(/[^\0-\x7F]/gu, (char) => ALIKE.get(char) ?? char)
}

/** Every script's decimal digits stand in one run from zero to nine (UAX #44, "Nd"). */
function decimal(digit: string): string {
  const code = digit.codePointAt(0) ?? 0
  let zero = code
  while (zero > code - 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  return String(code - zero)
}
