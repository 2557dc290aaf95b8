import { fromUtf8, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { Bundle, PublicKey } from '@/crypto/protocol/protocol'
import { startEngine } from '@/crypto/engine/remote'
import type { RemoteEngine } from '@/crypto/engine/remote'
import { Safe } from '@/crypto/engine/safe'
import { SafeEngine } from '@/crypto/engine/safe-engine'
import type {
  Decrypted,
  Encrypted,
  RawSecrets,
  Sealed,
  SealedEngine,
  SealedIdentity,
  SealedKemPrekey,
  SealedLocal,
  SealedPrekey,
  SealedSignedPrekey,
} from '@/crypto/engine/engine'
import type { Peer } from './party'

/** As the vault's root gives one. */
export const wrappingKey = (): Promise<CryptoKey> =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['wrapKey', 'unwrapKey'])

export const nothing: RawSecrets = { identity: null, prekeys: [], signedPrekeys: [], sessions: [] }

/** An engine with a safe of its own, in this thread. */
export const sealedEngine = async (): Promise<SafeEngine> =>
  new SafeEngine((await Safe.create(await wrappingKey())).safe)

/** An engine in a worker, its safe open. */
export async function startSealed(start?: () => Worker): Promise<RemoteEngine> {
  const remote = startEngine(start)
  const wrapping = await wrappingKey()
  const { wrapped } = await remote.createSafe(wrapping, nothing)
  await remote.unlock(async () => ({ wrapped, wrapping, identity: null }))
  return remote
}

/** One device as a page holds it: every secret sealed. */
export class SealedParty {
  session: Sealed | null = null
  pinned: PublicKey | null = null
  /** Those that it has; without any it is a device of version 3 to others. */
  kem: SealedKemPrekey[] = []
  knownFour = false
  baseKeyUsed = false
  inOrder = true

  private constructor(
    readonly name: string,
    readonly identity: SealedIdentity,
    readonly prekeys: SealedPrekey[],
    readonly signed: SealedSignedPrekey,
    readonly engine: SealedEngine,
  ) {}

  static async create(name: string, engine?: SealedEngine): Promise<SealedParty> {
    const used = engine ?? (await sealedEngine())
    const identity = await used.createIdentity()
    const prekeys = await used.createPrekeys(1, 3)
    return new SealedParty(
      name,
      identity,
      prekeys,
      await used.createSignedPrekey(identity, 1),
      used,
    )
  }

  /** With KEM prekeys: others begin sessions of version 4 with it. */
  async withKem(): Promise<this> {
    this.kem = await this.engine.createKemPrekeys(this.identity, 1, 2)
    return this
  }

  bundle(): Bundle {
    const [[prekey], [kem]] = [this.prekeys, this.kem]
    const { id, publicKey, signature } = this.signed
    return {
      registrationId: this.identity.registrationId,
      identityKey: this.identity.publicKey,
      signedPrekey: { id, key: publicKey, signature },
      prekey: prekey ? { id: prekey.id, key: prekey.publicKey } : null,
      kemPrekey: kem ? { id: kem.id, key: kem.publicKey, signature: kem.signature } : null,
    }
  }

  get local(): SealedLocal {
    return { ...this.identity, address: { userId: this.name, deviceId: 1 } }
  }

  remote = ({ name }: Peer) => ({ userId: name, deviceId: 1 })

  async start(to: Peer): Promise<void> {
    const bundle = to.bundle()
    this.pinned ??= bundle.identityKey
    const { local, session, pinned, knownFour } = this
    const now = Date.now()
    const request = { local, remote: this.remote(to), session, bundle, pinned, now, knownFour }
    this.session = await this.engine.startSession(request)
  }

  async write(to: Peer, text: string, registrationId = 0): Promise<Encrypted> {
    const { session, pinned, local } = this
    const now = Date.now()
    if (!session || !pinned) throw new Error('no session')
    const remote = this.remote(to)
    const known = registrationId || (await this.engine.describe(remote, session)).registrationId
    const recipients = [{ remote, session, registrationId: known, pinned }]
    const [made] = await this.engine.encrypt({ local, plaintext: utf8(text), recipients, now })
    if (!made) throw new Error('no session fits')
    this.session = made.session
    return made
  }

  async tryRead(from: Peer, { kind, body }: { kind: Encrypted['kind']; body: Bytes }) {
    const needs = kind === 'prekey' ? await this.engine.inspect(body) : null
    const { local, session, pinned } = this
    return this.engine.decrypt({
      local,
      remote: this.remote(from),
      session,
      kind,
      body,
      pinned,
      prekey: this.prekeys.find(({ id }) => id === needs?.prekeyId) ?? null,
      signedPrekey: needs?.signedPrekeyId === this.signed.id ? this.signed : null,
      kemPrekey: this.kem.find(({ id }) => id === needs?.kemPrekeyId) ?? null,
      baseKeyUsed: this.baseKeyUsed,
      knownFour: this.knownFour,
      inOrder: this.inOrder,
    })
  }

  async read(from: Peer, message: { kind: Encrypted['kind']; body: Bytes }): Promise<string> {
    const result: Decrypted = await this.tryRead(from, message)
    this.session = result.session
    this.pinned ??= result.identityKey
    return fromUtf8(result.plaintext)
  }
}
