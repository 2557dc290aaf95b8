/**
 * Every text field of the interface: text under composition counts (`v-model` waits for its end), keys of an input
 * method belong to it, and what is pasted is never cut.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const source = fileURLToPath(new URL('../../../src/', import.meta.url))
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.vue'),
)
const FIELD = /<(?:input|textarea)\b(?:[^>"]|"[^"]*")*>/g
/** Into these nobody writes words. */
const OTHER = /\btype="(?:checkbox|radio|file|range|date)"/

const fields = files.flatMap((name) => {
  const text = readFileSync(join(source, name), 'utf8')
  return [...text.matchAll(FIELD)]
    .map(([field]) => field)
    .filter((field) => !OTHER.test(field))
    .map((field) => ({ name, field, text }))
})

test('there are some', () => {
  expect(fields.length).toBeGreaterThan(4)
})

test.each(fields)('$name', ({ field, text }) => {
  expect(field).not.toMatch(/\bv-model\b/)
  expect(field).not.toMatch(/\bmaxlength\b/i)
  if (field.includes('@keydown')) expect(text).toContain('isForInputMethod(')
})
