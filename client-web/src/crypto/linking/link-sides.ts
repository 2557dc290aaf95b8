/**
 * Both sides of linking, in the engine's thread: what the page asks for by a link's id. Pairs, keys, counters and the
 * identity on its way stay here; whatever does not fit ends the link.
 */
import { concat, own, random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { splitIdentity, withIdentity } from '@/crypto/backup/backup-identity'
import type { KeyPair, LocalIdentity, PublicKey } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import { LinkChannel, PUBLIC_KEY, SECRET } from './link-channel'
import type { Side } from './link-channel'
import { createKeyPair } from '@/crypto/protocol/keys'

/** Of the account in one body, below a mailbox's 8 KiB with its tag and as base64 or not. */
const PART = 7 * 1024
/** 1 MiB: more than ten thousand contacts. */
const MOST_PARTS = 150

interface Offer {
  pair: KeyPair
  secret: Bytes
}

export class LinkSides {
  private readonly offers = new Map<string, Offer>()
  private readonly channels = new Map<string, LinkChannel>()
  private readonly arriving = new Map<string, Bytes[]>()

  /** The new device begins: what its picture shows. */
  async offer(link: string): Promise<{ publicKey: PublicKey; secret: Bytes }> {
    const offer = { pair: await createKeyPair(), secret: random(SECRET) }
    this.offers.set(link, offer)
    return { publicKey: offer.pair.publicKey, secret: offer.secret }
  }

  /** The new device has the old one's first body. @throws CryptoError `bad_link`, `bad_key` */
  async meet(link: string, body: Bytes): Promise<{ check: string; plain: Bytes }> {
    const offer = this.offers.get(link)
    this.offers.delete(link)
    if (!offer || body.length < PUBLIC_KEY) throw over()
    const theirs = own(body.subarray(0, PUBLIC_KEY))
    const channel = await LinkChannel.open('new', offer.pair, theirs, offer.secret, link)
    const plain = await channel.open(own(body.subarray(PUBLIC_KEY)))
    this.channels.set(link, channel)
    return { check: channel.check, plain }
  }

  /** The old device answers what it scanned: its first body. @throws CryptoError `bad_key` */
  async join(link: string, theirs: PublicKey, secret: Bytes, plain: Bytes): Promise<Bytes> {
    const pair = await createKeyPair()
    const channel = await LinkChannel.open('old', pair, theirs, secret, link)
    this.channels.set(link, channel)
    return concat(pair.publicKey, await channel.seal(plain))
  }

  /** What the person typed on the old device; a wrong number ends the link. */
  confirm(link: string, digits: string): boolean {
    const right = this.channel(link, 'old').confirm(digits)
    if (!right) this.end(link)
    return right
  }

  async seal(link: string, plain: Bytes): Promise<Bytes> {
    return this.channel(link).seal(plain)
  }

  /** @throws CryptoError `bad_link` */
  async open(link: string, body: Bytes): Promise<Bytes> {
    return this.orEnd(link, this.channel(link).open(body))
  }

  /** The account with its identity, in as many bodies as it takes. */
  async sealAccount(link: string, content: Bytes, identity: LocalIdentity): Promise<Bytes[]> {
    const channel = this.channel(link, 'old')
    const whole = withIdentity(content, identity)
    const count = Math.max(1, Math.ceil(whole.length / PART))
    if (count > MOST_PARTS) throw new CryptoError('bad_link', 'the account is too large')
    const bodies: Bytes[] = []
    for (let part = 0; part < count; part++) {
      const last = Uint8Array.of(part === count - 1 ? 1 : 0)
      bodies.push(await channel.seal(concat(last, whole.subarray(part * PART, (part + 1) * PART))))
    }
    return bodies
  }

  /** Null while more of the account is to come. @throws CryptoError `bad_link` */
  async takeAccount(
    link: string,
    body: Bytes,
  ): Promise<{ content: Bytes; identity: LocalIdentity } | null> {
    const parts = this.arriving.get(link) ?? []
    const plain = await this.orEnd(link, this.channel(link, 'new').open(body))
    parts.push(own(plain.subarray(1)))
    this.arriving.set(link, parts)
    if (plain[0] !== 1) {
      if (parts.length < MOST_PARTS) return null
      this.end(link)
      throw over()
    }
    this.arriving.delete(link)
    return splitIdentity(concat(...parts))
  }

  end(link: string): void {
    this.offers.delete(link)
    this.channels.delete(link)
    this.arriving.delete(link)
  }

  private channel(link: string, side?: Side): LinkChannel {
    const channel = this.channels.get(link)
    if (!channel || (side && channel.side !== side)) throw over()
    return channel
  }

  private async orEnd<T>(link: string, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.end(link)
      throw error
    }
  }
}

const over = (): CryptoError => new CryptoError('bad_link', 'there is no such link')
