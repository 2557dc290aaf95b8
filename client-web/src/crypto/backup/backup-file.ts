/**
 * The backup file: `SEALSTREAM BACKUP 1\n` | header length, 4 bytes big endian | header, JSON |
 * AES-256-GCM ciphertext. Everything before the ciphertext is additional data, so a changed
 * parameter does not open; a file whose parameters are below the floor is refused before the
 * passphrase is tried. The content is not compressed: its length would tell about it.
 */
import { PASSPHRASE_ITERATIONS } from '@/crypto/passphrase-cost'
import { withReadings } from '@/text/passphrase'
import { concat, equal, fromBase64, fromUtf8, random, toBase64, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

const MOST_ITERATIONS = 20_000_000
const MAGIC = utf8('SEALSTREAM BACKUP 1\n')
const ANY_VERSION = /^SEALSTREAM BACKUP (\d+)\n/
const MOST_HEADER = 4096

interface Header {
  kdf: { name: 'PBKDF2-SHA256'; iterations: number; salt: string }
  cipher: { name: 'AES-256-GCM'; nonce: string }
  /** Tells a wrong passphrase from a damaged file; costs as much to test as the passphrase. */
  check: string
}

export async function sealBackup(plain: Bytes, passphrase: string): Promise<Bytes> {
  const [salt, nonce] = [random(32), random(12)]
  const { key, check } = await stretch(passphrase, salt, PASSPHRASE_ITERATIONS)
  const header: Header = {
    kdf: { name: 'PBKDF2-SHA256', iterations: PASSPHRASE_ITERATIONS, salt: toBase64(salt) },
    cipher: { name: 'AES-256-GCM', nonce: toBase64(nonce) },
    check: toBase64(check),
  }
  const front = frontOf(utf8(JSON.stringify(header)))
  const how = { name: 'AES-GCM', iv: nonce, additionalData: front }
  return concat(front, new Uint8Array(await crypto.subtle.encrypt(how, key, plain)))
}

/** @throws CryptoError `backup_damaged`, `backup_too_new`, `backup_too_weak`, `backup_wrong_password` */
export async function openBackup(file: Bytes, passphrase: string): Promise<Bytes> {
  const { header, front, body } = split(file)
  const { iterations } = header.kdf
  if (iterations < PASSPHRASE_ITERATIONS) throw new CryptoError('backup_too_weak')
  const [salt, expected] = [bytes(header.kdf.salt), bytes(header.check)]
  const key = await withReadings(passphrase, async (reading) => {
    const stretched = await stretch(reading, salt, iterations)
    if (equal(stretched.check, expected)) return stretched.key
    throw new CryptoError('backup_wrong_password')
  })
  const how = { name: 'AES-GCM', iv: bytes(header.cipher.nonce), additionalData: front }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, key, body))
  } catch {
    throw damaged()
  }
}

function split(file: Bytes): { header: Header; front: Bytes; body: Bytes } {
  const start = String.fromCharCode(...file.subarray(0, 40))
  const version = ANY_VERSION.exec(start)?.[1]
  if (version === undefined) throw damaged()
  if (version !== '1') throw new CryptoError('backup_too_new')
  if (file.length < MAGIC.length + 4) throw damaged()
  const length = new DataView(file.buffer, file.byteOffset).getUint32(MAGIC.length)
  const end = MAGIC.length + 4 + length
  if (length > MOST_HEADER || file.length < end) throw damaged()
  const header = readHeader(file.slice(MAGIC.length + 4, end))
  return { header, front: file.slice(0, end), body: file.slice(end) }
}

function readHeader(json: Bytes): Header {
  let header: Partial<Header>
  try {
    header = JSON.parse(fromUtf8(json)) as Partial<Header>
  } catch {
    throw damaged()
  }
  const { kdf, cipher, check } = header ?? {}
  const strings = [kdf?.salt, cipher?.nonce, check]
  if (!kdf || !cipher || !strings.every((one) => typeof one === 'string')) throw damaged()
  if (kdf.name !== 'PBKDF2-SHA256' || cipher.name !== 'AES-256-GCM') {
    throw new CryptoError('backup_too_new')
  }
  if (!Number.isSafeInteger(kdf.iterations) || kdf.iterations > MOST_ITERATIONS) throw damaged()
  return header as Header
}

const bytes = (text: string): Bytes => {
  try {
    return fromBase64(text)
  } catch {
    throw damaged()
  }
}

const damaged = (): CryptoError => new CryptoError('backup_damaged')

const frontOf = (header: Bytes): Bytes => {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, header.length)
  return concat(MAGIC, length, header)
}

async function stretch(passphrase: string, salt: Bytes, iterations: number) {
  const secret = utf8(passphrase.normalize('NFKC'))
  const base = await crypto.subtle.importKey('raw', secret, 'PBKDF2', false, ['deriveBits'])
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations }
  const stretched = await crypto.subtle.deriveBits(how, base, 256)
  const root = await crypto.subtle.importKey('raw', stretched, 'HKDF', false, [
    'deriveBits',
    'deriveKey',
  ])
  const purpose = (info: string) => ({ name: 'HKDF', hash: 'SHA-256', salt, info: utf8(info) })
  const key = await crypto.subtle.deriveKey(
    purpose('backup key'),
    root,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
  const check = await crypto.subtle.deriveBits(purpose('backup check'), root, 128)
  return { key, check: new Uint8Array(check) }
}
