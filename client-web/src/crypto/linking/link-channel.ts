/**
 * The channel between a new device and an old one of the same account (PROTOCOL, "Linking a device").
 * Invariants: a nonce is used once, because its counter lives here and only goes up; a body opens only in its
 * place of its direction; the old device seals nothing but its first body before the check was typed.
 */
import { concat, equal, own, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { KeyPair, PublicKey } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import { checkPublicKey } from '@/crypto/curve/public-key'
import { agree } from '@/crypto/curve/x25519'

const INFO = 'sealstream link 1'
const NONCE = 12
const KEY = 32
export const PUBLIC_KEY = 33
export const SECRET = 32

export type Side = 'new' | 'old'

interface Keys {
  toOld: CryptoKey
  toNew: CryptoKey
  check: string
}

/** @throws CryptoError `bad_key` */
async function derive(
  mine: KeyPair,
  theirs: PublicKey,
  secret: Bytes,
  link: string,
): Promise<Keys> {
  checkPublicKey(theirs)
  const ikm = concat(await agree(theirs.subarray(1), mine.privateKey), secret)
  const base = await crypto.subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits'])
  const how = { name: 'HKDF', hash: 'SHA-256', salt: utf8(link), info: utf8(INFO) }
  const bits = new Uint8Array(await crypto.subtle.deriveBits(how, base, 8 * (2 * KEY + 4)))
  const cipher = (from: number) =>
    crypto.subtle.importKey('raw', own(bits.subarray(from, from + KEY)), 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ])
  const [toOld, toNew] = await Promise.all([cipher(0), cipher(KEY)])
  const number = new DataView(bits.buffer).getUint32(2 * KEY) % 100
  return { toOld, toNew, check: String(number).padStart(2, '0') }
}

/** A counter of 96 bits, big endian. */
function nonce(count: number): Bytes {
  const bytes = new Uint8Array(NONCE)
  new DataView(bytes.buffer).setUint32(NONCE - 4, count)
  return bytes
}

export class LinkChannel {
  private sent = 0
  private opened = 0
  private confirmed = false

  private constructor(
    readonly side: Side,
    private readonly keys: Keys,
  ) {}

  /** @throws CryptoError `bad_key` */
  static async open(
    side: Side,
    mine: KeyPair,
    theirs: PublicKey,
    secret: Bytes,
    link: string,
  ): Promise<LinkChannel> {
    return new LinkChannel(side, await derive(mine, theirs, secret, link))
  }

  /** Two digits, the same on both devices. */
  get check(): string {
    return this.keys.check
  }

  /** The person typed what the other device shows. */
  confirm(digits: string): boolean {
    this.confirmed = equal(utf8(digits), utf8(this.keys.check))
    return this.confirmed
  }

  /** @throws CryptoError `bad_link` before the check, on the old device */
  async seal(plain: Bytes): Promise<Bytes> {
    if (this.side === 'old' && this.sent > 0 && !this.confirmed) {
      throw new CryptoError('bad_link', 'the check was not typed')
    }
    const how = { name: 'AES-GCM', iv: nonce(this.sent++) }
    const key = this.side === 'old' ? this.keys.toNew : this.keys.toOld
    return new Uint8Array(await crypto.subtle.encrypt(how, key, plain))
  }

  /** @throws CryptoError `bad_link` */
  async open(body: Bytes): Promise<Bytes> {
    const how = { name: 'AES-GCM', iv: nonce(this.opened++) }
    const key = this.side === 'old' ? this.keys.toOld : this.keys.toNew
    try {
      return new Uint8Array(await crypto.subtle.decrypt(how, key, body))
    } catch (cause) {
      throw new CryptoError('bad_link', 'a body does not open', { cause })
    }
  }
}
