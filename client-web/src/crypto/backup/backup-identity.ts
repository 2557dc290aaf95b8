/**
 * The identity inside a backup's content, which is MessagePack. The page writes and reads contents
 * without it: `account` has the private key only between here and the ciphertext of the file. Every
 * version of the content so far has it in the same place.
 */
import { decode, encode } from '@msgpack/msgpack'
import { own } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { LocalIdentity } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'

const NEWEST = 2

type Fields = Record<string, unknown>

export function withIdentity(content: Bytes, identity: LocalIdentity): Bytes {
  const fields = unpacked(content)
  return packed({ ...fields, account: { ...fieldsOf(fields['account']), identity } })
}

/** @throws CryptoError `backup_damaged`, `backup_too_new` */
export function splitIdentity(plain: Bytes): { content: Bytes; identity: LocalIdentity } {
  const fields = unpacked(plain)
  const version = fields['v']
  if (typeof version !== 'number' || !(version >= 1 && version <= NEWEST)) {
    throw new CryptoError('backup_too_new')
  }
  const { identity, ...account } = fieldsOf(fields['account'])
  const { keyPair, registrationId } = fieldsOf(identity)
  const { publicKey, privateKey } = fieldsOf(keyPair)
  if (typeof registrationId !== 'number') throw damaged()
  const pair = { publicKey: bytesOf(33, publicKey), privateKey: bytesOf(32, privateKey) }
  return { content: packed({ ...fields, account }), identity: { keyPair: pair, registrationId } }
}

const packed = (fields: Fields): Bytes => own(encode(fields, { ignoreUndefined: true }))

function unpacked(plain: Bytes): Fields {
  try {
    return fieldsOf(decode(plain))
  } catch {
    throw damaged()
  }
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged()
  return value as Fields
}

/** A copy: what was unpacked is a view of the whole content. */
function bytesOf(length: number, value: unknown): Bytes {
  if (!(value instanceof Uint8Array) || value.length !== length) throw damaged()
  return own(value)
}

const damaged = (): CryptoError => new CryptoError('backup_damaged')
