import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(ts|vue)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join('src', path), 'utf8') }))

test('threat 16: nothing writes markup: received text is only ever text', () => {
  const writers = /v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser/
  expect(sources.filter(({ text }) => writers.test(text)).map(({ path }) => path)).toEqual([])
})

test('threat 8: nothing evaluates text as code, nothing is kept unsealed', () => {
  const forbidden = /\beval\(|new Function\(|localStorage|sessionStorage|document\.cookie/
  expect(sources.filter(({ text }) => forbidden.test(text)).map(({ path }) => path)).toEqual([])
})

test('cryptography, storage and the wire know nothing of the interface', () => {
  const rooms = /^(crypto|storage|wire)\//
  const outward = /from '(vue|pinia|vue-.*|@\/(stores|views|components|messenger|i18n).*)'/
  const strays = sources.filter(({ path, text }) => rooms.test(path) && outward.test(text))
  expect(strays.map(({ path }) => path)).toEqual([])
})
