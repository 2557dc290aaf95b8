/** One device over our version 4 engine, keeping in memory what a client keeps on disk. */
import { concat, equal, random, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type {
  EnvelopeKind,
  Local,
  Prekey,
  PublicKey,
  RemoteAddress,
  SignedPrekey,
} from '@/crypto/engine'
import { createIdentity, createPrekeys, createSignedPrekey } from '@/crypto/keys'
import * as engine from '@/crypto/v4/engine'
import type { Bundle, Decrypted, KyberPrekey } from '@/crypto/v4/engine'
import type { SessionRecord } from '@/crypto/v4/records'

export interface Letter {
  kind: EnvelopeKind
  body: Bytes
}

/** What a test asks of a device, whichever library is behind it. */
export interface Device {
  readonly address: RemoteAddress
  bundle(from?: { prekey?: boolean; lastResort?: boolean }): Bundle
  start(to: Device, bundle?: Bundle): Promise<void>
  write(to: Device, plaintext: Bytes): Promise<Letter>
  /** Throws what the library throws; then nothing has changed. */
  read(from: Device, letter: Letter): Promise<Bytes>
}

/** Of a device that is the only one of its user. */
export const anAddress = (): RemoteAddress => ({ userId: crypto.randomUUID(), deviceId: 1 })

export class OurDevice implements Device {
  record: SessionRecord | null = null
  pinned: PublicKey | null = null
  now = Date.now()
  /** Base keys that the last resort was used with. */
  private readonly usedBaseKeys: PublicKey[] = []

  private constructor(
    readonly local: Local,
    private readonly prekeys: Prekey[],
    private readonly signed: SignedPrekey,
    private readonly kyber: KyberPrekey[],
    private readonly lastResort: KyberPrekey,
  ) {}

  get address(): RemoteAddress {
    return this.local.address
  }

  static async create(address: RemoteAddress = anAddress(), keys?: Local['keyPair']) {
    const made = await createIdentity()
    const local = { ...made, keyPair: keys ?? made.keyPair, address }
    const [kyber, lastResort] = engine.createKyberPrekeys(local.keyPair, 1, 2)
    if (!kyber || !lastResort) throw new Error('no prekeys')
    const signed = await createSignedPrekey(local.keyPair, 1)
    return new OurDevice(local, await createPrekeys(1, 2), signed, [kyber], lastResort)
  }

  bundle({ prekey = true, lastResort = false } = {}): Bundle {
    const [oneTime] = this.prekeys
    const kyber = (lastResort ? undefined : this.kyber[0]) ?? this.lastResort
    const { id, keyPair, signature } = this.signed
    return {
      registrationId: this.local.registrationId,
      identityKey: this.local.keyPair.publicKey,
      signedPrekey: { id, key: keyPair.publicKey, signature },
      prekey: prekey && oneTime ? { id: oneTime.id, key: oneTime.keyPair.publicKey } : null,
      kyberPrekey: { id: kyber.id, key: kyber.publicKey, signature: kyber.signature },
    }
  }

  async start(to: Device, bundle: Bundle = to.bundle()): Promise<void> {
    this.pinned ??= bundle.identityKey
    const { local, record, pinned, now } = this
    this.record = await engine.startSession({
      local,
      remote: to.address,
      record,
      bundle,
      pinned,
      now,
    })
  }

  async write(to: Device, plaintext: Bytes): Promise<Letter> {
    const { local, record, pinned, now } = this
    if (!record || !pinned) throw new Error('no session')
    const request = { local, remote: to.address, record, plaintext, pinned, now }
    const { record: next, kind, body } = await engine.encrypt(request)
    this.record = next
    return { kind, body }
  }

  async read(from: Device, letter: Letter): Promise<Bytes> {
    const { record, identityKey, used, plaintext } = await this.tryRead(from, letter)
    this.record = record
    this.pinned ??= identityKey
    if (used) this.erase(used)
    return plaintext
  }

  /** Decrypts and keeps nothing. */
  tryRead(from: Device, { kind, body }: Letter): Promise<Decrypted> {
    const needs = kind === 'prekey' ? engine.inspect(body) : null
    const kyber = [...this.kyber, this.lastResort]
    return engine.decrypt({
      local: this.local,
      remote: from.address,
      record: this.record,
      kind,
      body,
      pinned: this.pinned,
      prekey: this.prekeys.find(({ id }) => id === needs?.prekeyId) ?? null,
      signedPrekey: needs?.signedPrekeyId === this.signed.id ? this.signed : null,
      kyberPrekey: kyber.find(({ id }) => id === needs?.kyberPrekeyId) ?? null,
      usedBaseKeys: this.usedBaseKeys,
    })
  }

  /** All that a failed call could have changed. */
  snapshot(): string {
    const { state, parts, archive } = this.record ?? {}
    const all = [state, parts, archive, this.pinned].map((one) => (one ? toBase64(one) : ''))
    return [...all, this.prekeys.length, this.kyber.length].join()
  }

  private erase({ prekeyId, kyberPrekeyId, baseKey }: NonNullable<Decrypted['used']>): void {
    const without = (list: { id: number }[], id: number | null) => {
      const at = list.findIndex((one) => one.id === id)
      if (at >= 0) list.splice(at, 1)
    }
    without(this.prekeys, prekeyId)
    if (kyberPrekeyId === this.lastResort.id) this.usedBaseKeys.push(baseKey)
    else without(this.kyber, kyberPrekeyId)
  }
}

/** A plaintext of random bytes, of a random length or a given one. */
export const someText = (length = (random(1)[0] ?? 0) % 160): Bytes =>
  concat(Uint8Array.of(1), random(length))

/** Sends a message and throws unless it arrives as it was. */
export async function pass(from: Device, to: Device, plaintext = someText()): Promise<Letter> {
  const letter = await from.write(to, plaintext)
  if (!equal(await to.read(from, letter), plaintext)) throw new Error('another text arrived')
  return letter
}
