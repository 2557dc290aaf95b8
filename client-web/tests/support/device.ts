/** One device over our version 4 engine, keeping in memory what a client keeps on disk. */
import { concat, equal, random, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type {
  Bundle,
  DecryptedIn,
  EnvelopeKind,
  KemPrekey,
  Local,
  Prekey,
  PublicKey,
  DeviceAddress,
  SignedPrekey,
  UsedPrekeys,
} from '@/crypto/protocol/protocol'
import { createIdentity, createPrekeys, createSignedPrekey } from '@/crypto/protocol/keys'
import { createKemPrekeys } from '@/crypto/v4/kem-prekeys'
import type { SessionRecord } from '@/crypto/v4/records'
import { versionFour } from '@/crypto/v4/version-four'

export interface Letter {
  kind: EnvelopeKind
  body: Bytes
}

/** Of a device that speaks version 4. */
export interface KemBundle extends Bundle {
  kemPrekey: NonNullable<Bundle['kemPrekey']>
}

/** What a test asks of a device, whichever library is behind it. */
export interface Device {
  readonly address: DeviceAddress
  bundle(from?: { prekey?: boolean; lastResort?: boolean }): KemBundle
  start(to: Device, bundle?: KemBundle): Promise<void>
  write(to: Device, plaintext: Bytes): Promise<Letter>
  /** Throws what the library throws; then nothing has changed. */
  read(from: Device, letter: Letter): Promise<Bytes>
}

/** Of a device that is the only one of its user. */
export const anAddress = (): DeviceAddress => ({ userId: crypto.randomUUID(), deviceId: 1 })

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
    private readonly kem: KemPrekey[],
    private readonly lastResort: KemPrekey,
  ) {}

  get address(): DeviceAddress {
    return this.local.address
  }

  static async create(address: DeviceAddress = anAddress(), keys?: Local['keyPair']) {
    const made = await createIdentity()
    const local = { ...made, keyPair: keys ?? made.keyPair, address }
    const [kem, lastResort] = createKemPrekeys(local.keyPair, 1, 2)
    if (!kem || !lastResort) throw new Error('no prekeys')
    const signed = await createSignedPrekey(local.keyPair, 1)
    return new OurDevice(local, await createPrekeys(1, 2), signed, [kem], lastResort)
  }

  bundle({ prekey = true, lastResort = false } = {}): KemBundle {
    const [oneTime] = this.prekeys
    const kem = (lastResort ? undefined : this.kem[0]) ?? this.lastResort
    const { id, keyPair, signature } = this.signed
    return {
      registrationId: this.local.registrationId,
      identityKey: this.local.keyPair.publicKey,
      signedPrekey: { id, key: keyPair.publicKey, signature },
      prekey: prekey && oneTime ? { id: oneTime.id, key: oneTime.keyPair.publicKey } : null,
      kemPrekey: { id: kem.id, key: kem.publicKey, signature: kem.signature },
    }
  }

  async start(to: Device, bundle: KemBundle = to.bundle()): Promise<void> {
    this.pinned ??= bundle.identityKey
    const { local, record, pinned, now } = this
    this.record = await versionFour.startSession({
      local,
      remote: to.address,
      session: record,
      bundle,
      pinned,
      now,
    })
  }

  async write(to: Device, plaintext: Bytes): Promise<Letter> {
    const { local, record, pinned, now } = this
    if (!record || !pinned) throw new Error('no session')
    const request = { local, remote: to.address, session: record, plaintext, pinned, now }
    const { session: next, kind, body } = await versionFour.encrypt(request)
    this.record = next
    return { kind, body }
  }

  async read(from: Device, letter: Letter): Promise<Bytes> {
    const { session, identityKey, used, plaintext } = await this.tryRead(from, letter)
    this.record = session
    this.pinned ??= identityKey
    if (used) this.erase(used)
    return plaintext
  }

  /** Decrypts and keeps nothing. */
  tryRead(from: Device, { kind, body }: Letter): Promise<DecryptedIn<SessionRecord>> {
    const needs = kind === 'prekey' ? versionFour.inspect(body) : null
    const kem = [...this.kem, this.lastResort]
    return versionFour.decrypt({
      local: this.local,
      remote: from.address,
      session: this.record,
      kind,
      body,
      pinned: this.pinned,
      prekey: this.prekeys.find(({ id }) => id === needs?.prekeyId) ?? null,
      signedPrekey: needs?.signedPrekeyId === this.signed.id ? this.signed : null,
      kemPrekey: kem.find(({ id }) => id === needs?.kemPrekeyId) ?? null,
      baseKeyUsed: this.usedBaseKeys.some((key) => needs !== null && equal(key, needs.baseKey)),
    })
  }

  /** All that a failed call could have changed. */
  snapshot(): string {
    const { state, parts, archive } = this.record ?? {}
    const all = [state, parts, archive, this.pinned].map((one) => (one ? toBase64(one) : ''))
    return [...all, this.prekeys.length, this.kem.length].join()
  }

  private erase({ prekeyId, kemPrekeyId, baseKey }: UsedPrekeys): void {
    const without = (list: { id: number }[], id: number | null) => {
      const at = list.findIndex((one) => one.id === id)
      if (at >= 0) list.splice(at, 1)
    }
    without(this.prekeys, prekeyId)
    if (kemPrekeyId === this.lastResort.id) this.usedBaseKeys.push(baseKey)
    else without(this.kem, kemPrekeyId)
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
