/**
 * Whether an international host name may be taken for another one. After the rules by which
 * browsers decide to show punycode (Unicode TS 39 "highly restrictive", and names made only of
 * letters that look Latin).
 */
const SCRIPTS = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Armenian',
  'Hebrew',
  'Arabic',
  'Devanagari',
  'Thai',
  'Georgian',
  'Cherokee',
] as const
const EAST_ASIAN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}ー]/u
const COMMON = /^[\p{Script=Common}\p{Script=Inherited}]$/u
const scripts = new Map(SCRIPTS.map((name) => [name, new RegExp(`\\p{Script=${name}}`, 'u')]))
/** Cyrillic, Greek and Armenian letters drawn like Latin ones. */
const LATIN_LOOKING = /^[асԁеһіјӏорԛѕԝхуъьҽпгѵѡкмтвнαικνορτυχωγօսոհցզ\d-]+$/u
/** Latin letters of European spelling; others pass for these (ı, ɡ, ạ). */
const USUAL_LATIN = /^[a-zß-öø-ÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĵķĺļľłńņňōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžșț\d-]+$/u

/** `host` in Unicode, lower case. */
export function isLookalikeHost(host: string): boolean {
  const labels = host.split('.')
  const ascii = /^[\0-\x7F]*$/
  const asciiEnding = ascii.test(labels.at(-1) ?? '')
  return labels.some((label) => !ascii.test(label) && isLookalikeLabel(label, asciiEnding))
}

function isLookalikeLabel(label: string, asciiEnding: boolean): boolean {
  const found = [...scripts].filter(([, script]) => script.test(label)).map(([name]) => name)
  const eastAsian = EAST_ASIAN.test(label)
  if (eastAsian) return found.some((name) => name !== 'Latin')
  if (found.length > 1) return true
  if (found[0] === 'Latin') return !USUAL_LATIN.test(label)
  if (found.length === 1) return asciiEnding && LATIN_LOOKING.test(label)
  // Another script is whole and unlike Latin; symbols alone can be anything.
  return [...label].every((char) => COMMON.test(char))
}
