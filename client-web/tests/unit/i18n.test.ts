/** Every text the views ask for is there, in every language, and nothing is there that nobody asks for. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import de from '@/i18n/de'
import en from '@/i18n/en'

const src = fileURLToPath(new URL('../../src', import.meta.url))
const code = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(vue|ts)$/.test(path) && !path.startsWith('i18n'))
  .map((path) => readFileSync(join(src, path), 'utf8'))
  .join('\n')

function keys(texts: object, path = ''): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [path + key] : keys(value as object, `${path}${key}.`),
  )
}
const textOf = (texts: object, key: string): string =>
  key.split('.').reduce<unknown>((at, part) => (at as never)[part], texts) as string
const english = keys(en)
/** Every quoted string that starts like a key: also those chosen by a condition before they are asked for. */
const asked = [
  ...code.matchAll(new RegExp(`'((?:${Object.keys(en).join('|')})\\.[\\w.]+)'`, 'g')),
].map(([, key]) => key ?? '')
/** Keys with a changing part, as patterns: `list.${x}` asks for everything in that place. */
const patterns = [...code.matchAll(/\bt\(\s*`([^`]*)`/g)].map(
  ([, key = '']) =>
    new RegExp(`^${key.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '\\w+')}$`),
)

describe('the catalogues', () => {
  it('have every text that is asked for', () => {
    expect(asked.filter((key) => !english.includes(key))).toEqual([])
    expect(patterns.filter((one) => !english.some((key) => one.test(key)))).toEqual([])
  })

  it('have no text that nobody asks for', () => {
    const unused = english.filter(
      (key) => !code.includes(`'${key}'`) && !patterns.some((one) => one.test(key)),
    )
    expect(unused).toEqual([])
  })

  it('have the same keys and the same placeholders in both languages', () => {
    expect(keys(de).toSorted()).toEqual(english.toSorted())
    const places = (texts: object, key: string) =>
      [
        ...new Set([...textOf(texts, key).matchAll(/\{(\w+)\}/g)].map(([, name]) => name)),
      ].toSorted()
    for (const key of english) expect(places(de, key), key).toEqual(places(en, key))
  })

  it('have a word for one of what they count', () => {
    // Told of two and more only.
    const several = /\.identity_changed_often$/
    const counting = english.filter((key) => /\{n\} \w+s\b/.test(textOf(en, key)))
    expect(counting.length).toBeGreaterThan(3)
    const without = counting.filter((key) => !textOf(en, key).includes('|') && !several.test(key))
    expect(without).toEqual([])
  })
})
