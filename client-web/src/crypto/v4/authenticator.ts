/**
 * Authenticates the public keys and ciphertexts of the post-quantum ratchet. Promise: its keys depend on the
 * session's first secret and on every epoch's secret. Source: Signal, "The ML-KEM Braid Protocol", authenticator.
 */
import { concat, equal, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { deriveKeys, hmac, NO_SALT, u64be } from './kdf'

export const PROTOCOL = 'Signal_PQCKA_V1_MLKEM768'
const UPDATE = utf8(`${PROTOCOL}:Authenticator Update`)
const LABELS = {
  header: utf8(`${PROTOCOL}:ekheader`),
  ciphertext: utf8(`${PROTOCOL}:ciphertext`),
}
export const TAG_LENGTH = 32

export interface Authenticator {
  root: Bytes
  mac: Bytes
}

export const startAuthenticator = (pqKey: Bytes): Authenticator =>
  updated({ root: NO_SALT, mac: NO_SALT }, 1, pqKey)

export function updated({ root }: Authenticator, epoch: number, secret: Bytes): Authenticator {
  const info = concat(UPDATE, u64be(epoch))
  const [next, mac] = deriveKeys(NO_SALT, concat(root, secret), info, 2) as [Bytes, Bytes]
  return { root: next, mac }
}

/** 32 bytes. */
export function tagOf(
  { mac }: Authenticator,
  what: keyof typeof LABELS,
  epoch: number,
  data: Bytes,
): Bytes {
  return hmac(mac, LABELS[what], u64be(epoch), data)
}

/** @throws CryptoError `bad_message` */
export function checkTag(
  authenticator: Authenticator,
  what: keyof typeof LABELS,
  epoch: number,
  data: Bytes,
  tag: Bytes,
): void {
  if (!equal(tagOf(authenticator, what, epoch, data), tag)) {
    throw new CryptoError('bad_message', `the ${what} of epoch ${epoch} is not authentic`)
  }
}
