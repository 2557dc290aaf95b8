/** What the new device shows and the old one scans (PROTOCOL, "Linking a device"). */
import { fromBase64, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'

export interface LinkCode {
  /** `https://chat.example.org` */
  relay: string
  link: string
  key: PublicKey
  secret: Bytes
}

const PREFIX = 'sealstream:link?'
/** Alone or between other words. */
const CODE = /sealstream:link\?([\w=&%:/.[\]+-]+)/giu

const toBase64Url = (bytes: Bytes): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

/** Null for anything but `length` bytes. */
function fromBase64Url(text: string, length: number): Bytes | null {
  if (!/^[\w-]+={0,2}$/.test(text)) return null
  try {
    const bytes = fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'))
    return bytes.length === length ? bytes : null
  } catch {
    return null
  }
}

export const linkCode = ({ relay, link, key, secret }: LinkCode): string =>
  `${PREFIX}r=${encodeURIComponent(relay)}&i=${link}&k=${toBase64Url(key)}&s=${toBase64Url(secret)}`

/** Null unless the text holds exactly one code. */
export function parseLinkCode(text: string): LinkCode | null {
  const [content, ...others] = text.matchAll(CODE)
  if (!content || others.length > 0) return null
  const fields = new URLSearchParams(content[1])
  const link = fields.get('i') ?? ''
  const key = fromBase64Url(fields.get('k') ?? '', 33)
  const secret = fromBase64Url(fields.get('s') ?? '', 32)
  const relay = fields.get('r') ?? ''
  if (!/^[\w-]{1,100}$/.test(link) || !key || !secret || !URL.canParse(relay)) return null
  return { relay: new URL(relay).origin, link, key, secret }
}
