/**
 * A person's key as people pass it on: Crockford base32 text, its fingerprint, the contact code
 * and the QR content.
 */
import { isUsername } from '@/text/credentials'
import { asciiTyped } from '@/text/typed'
import type { Bytes } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TEXT_LENGTH = 53
const FINGERPRINT_LENGTH = 8

/** 33 bytes as 53 characters. */
export function identityText(key: PublicKey): string {
  let [text, buffer, bits] = ['', 0, 0]
  for (const byte of key) {
    buffer = ((buffer << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(buffer >> bits) & 31]
    }
  }
  return bits > 0 ? text + ALPHABET[(buffer << (5 - bits)) & 31] : text
}

/** Upper case, with I and L read as 1 and O as 0; spaces and hyphens are dropped. */
export function normalize(text: string): string {
  return text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll(/[IL]/g, '1').replaceAll('O', '0')
}

/** Null unless it is exactly a key: length, alphabet, type byte and unused bits are checked. */
export function parseIdentity(input: string): PublicKey | null {
  const text = normalize(input)
  if (text.length !== TEXT_LENGTH) return null
  const key: Bytes = new Uint8Array(33)
  let [buffer, bits, length] = [0, 0, 0]
  for (const char of text) {
    const value = ALPHABET.indexOf(char)
    if (value < 0) return null
    buffer = ((buffer << 5) | value) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      key[length++] = (buffer >> bits) & 0xff
    }
  }
  const unused = buffer & ((1 << bits) - 1)
  return unused === 0 && key[0] === 5 ? key : null
}

export const fingerprint = (key: PublicKey): string => identityText(key).slice(-FINGERPRINT_LENGTH)

export const contactCode = (username: string, key: PublicKey): string =>
  `@${username}#${fingerprint(key)}`

/**
 * A code between other words: the name, then eight characters in any grouping. What stands around
 * it must not belong to it: a longer name or a ninth character makes another code.
 */
const CODE =
  /(?<![\w\p{Ll}\p{M}\p{N}-]|\w@)@? ?(?<username>[a-z0-9_]{3,32}) ?# ?(?<print>[0-9A-Z](?:[ -]*[0-9A-Z]){7})(?!-*[0-9A-Z]|[\p{Ll}\p{M}\p{N}])/giu

/** Null unless the text holds exactly one `@username#FINGERPRINT` (the @ may be missing, case does not matter). */
export function parseContactCode(input: string): { username: string; fingerprint: string } | null {
  const codes = [...asciiTyped(input).matchAll(CODE)].map(({ groups }) =>
    `${groups?.['username']}#${normalize(groups?.['print'] ?? '')}`.toLowerCase(),
  )
  const [code] = codes
  if (code === undefined || codes.some((other) => other !== code)) return null
  const [username = '', print = ''] = code.split('#')
  const fingerprint = print.toUpperCase()
  const good = [...fingerprint].every((char) => ALPHABET.includes(char))
  return good ? { username, fingerprint } : null
}

const QR_PREFIX = 'sealstream:contact?'

export const contactQr = (username: string, key: PublicKey): string =>
  `${QR_PREFIX}u=${username}&k=${identityText(key)}`

/** One QR content, alone or between other words. */
const QR_CONTENT = /sealstream:contact\?([\w=&%+-]+)/giu

export function parseContactQr(input: string): { username: string; identityKey: PublicKey } | null {
  const [content, ...others] = asciiTyped(input).matchAll(QR_CONTENT)
  if (!content || others.length > 0) return null
  const fields = new URLSearchParams(content[1]?.toLowerCase())
  const username = fields.get('u') ?? ''
  const identityKey = parseIdentity(fields.get('k') ?? '')
  return isUsername(username) && identityKey ? { username, identityKey } : null
}
