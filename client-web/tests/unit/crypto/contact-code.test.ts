import { expect, test } from 'vitest'
import { random } from '@/crypto/bytes'
import {
  contactCode,
  contactQr,
  fingerprint,
  identityText,
  parseContactCode,
  parseContactQr,
  parseIdentity,
} from '@/crypto/contact/contact-code'

const key = () => Uint8Array.of(5, ...random(32))

test('a key survives its text in any case, with look-alikes and hyphens', () => {
  for (let i = 0; i < 200; i++) {
    const original = key()
    const text = identityText(original)
    expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]{53}$/)
    const sloppy = text.toLowerCase().replaceAll('1', 'l').replaceAll('0', 'o')
    expect(parseIdentity(`${sloppy.slice(0, 20)}-${sloppy.slice(20)}`)).toEqual(original)
  }
})

test('the text of a known key is what the wire page says', () => {
  const known = new Uint8Array(33)
  known[0] = 5
  known[32] = 255
  expect(identityText(known)).toBe(`0M${'0'.repeat(49)}FY`)
})

test('nothing but a whole key is read as one', () => {
  const text = identityText(key())
  for (const bad of ['', text.slice(1), `${text}0`, `U${text.slice(1)}`, text.replace(/^./, 'Z')]) {
    expect(parseIdentity(bad)).toBeNull()
  }
})

test('contact codes', () => {
  const original = key()
  const code = contactCode('anna_1', original)
  expect(parseContactCode(code)).toEqual({ username: 'anna_1', fingerprint: fingerprint(original) })
  expect(parseContactCode(`  ${code.toLowerCase()} `)?.fingerprint).toBe(fingerprint(original))
  expect(parseContactCode('Anna_1#oooo-iiii')).toEqual({
    username: 'anna_1',
    fingerprint: '00001111',
  })
  for (const bad of [
    '',
    '@anna',
    '@an#AAAAAAAA',
    '@anna#AAAAAAA',
    '@anna#AAAAAAAU',
    '@a.b#AAAAAAAA',
  ]) {
    expect(parseContactCode(bad)).toBeNull()
  }
})

test.each([
  ['full width', '＠anna＃７Ｋ３Ｍ９ＱＸＺ'],
  ['direction marks', '\u2068\u200E@anna#7K3M9QXZ\u2069'],
  ['an en dash', '@anna#7K3M–9QXZ'],
  ['a sentence around', 'My code: @anna#7K3M9QXZ. See you!'],
  ['words right behind', '@anna#7K3M9QXZ is mine'],
  ['quotation marks and brackets', '“(@anna#7K3M 9QXZ)”'],
  ['look-alike letters', '@аnnа#7КЗМ9QХZ'],
  ['a line break of a mail', '@anna\n#7K3M\n9QXZ'],
  ['the same code twice', '@anna#7K3M9QXZ @Anna#7k3m-9qxz'],
  ['a script without spaces around', '我的代码是@anna#7K3M9QXZ。'],
  ['small letters', 'anna#7k3m9qxz'],
])('a code that a person sees is understood: %s', (_, text) => {
  expect(parseContactCode(text)).toEqual({ username: 'anna', fingerprint: '7K3M9QXZ' })
})

test.each([
  ['two codes', 'mine is @anna#7K3M9QXZ, his @bob#7K3M9QXY'],
  ['one character more', '@anna#7K3M9QXZ0'],
  ['one more behind a dash', '@anna#7K3M9QXZ-0'],
  ['a longer name', `@${'a'.repeat(33)}#7K3M9QXZ`],
  ['a name of which only the end is one', '@änna#7K3M9QXZ'],
  ['a name cut by a dash', '@maria-anna#7K3M9QXZ'],
  ['an address', 'joe@anna#7K3M9QXZ'],
])('nothing is guessed: %s', (_, text) => {
  expect(parseContactCode(text)).toBeNull()
})

test('what a picture of a code says can be pasted, with a sentence around it', () => {
  const original = key()
  const content = contactQr('anna', original)
  const found = { username: 'anna', identityKey: original }
  expect(parseContactQr(`\u200E${content.toUpperCase()}\u2069`)).toEqual(found)
  expect(parseContactQr(`Scan this: ${content}.`)).toEqual(found)
  expect(parseContactQr(`${content} ${contactQr('bob', key())}`)).toBeNull()
})

test('QR contents', () => {
  const original = key()
  const content = contactQr('anna', original)
  expect(content).toBe(`sealstream:contact?u=anna&k=${identityText(original)}`)
  expect(parseContactQr(content)).toEqual({ username: 'anna', identityKey: original })
  for (const bad of [
    '',
    'https://example.org',
    content.slice(0, -1),
    content.replace('u=anna', 'u=a'),
  ]) {
    expect(parseContactQr(bad)).toBeNull()
  }
})
