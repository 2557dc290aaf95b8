import { fromUtf8, own, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type {
  Bundle,
  DecryptedIn,
  EncryptedIn,
  ProtocolVersion,
  Local,
  LocalIdentity,
  Prekey,
  PublicKey,
  SignedPrekey,
} from '@/crypto/protocol/protocol'
import { createIdentity, createPrekeys, createSignedPrekey } from '@/crypto/protocol/keys'
import { versionThree } from '@/crypto/v3/version-three'

/** Another device, whatever engine it has. */
export interface Peer {
  readonly name: string
  bundle(): Bundle
}

/** One device over an engine (that of version 3, unless another is given), keeping in memory what a client keeps on disk. */
export class Party {
  session: Bytes | null = null
  pinned: PublicKey | null = null

  private constructor(
    readonly name: string,
    readonly identity: LocalIdentity,
    readonly prekeys: Prekey[],
    readonly signed: SignedPrekey,
    readonly engine: ProtocolVersion<Bytes>,
  ) {}

  static async create(name: string, engine: ProtocolVersion<Bytes> = versionThree): Promise<Party> {
    const identity = await createIdentity()
    const prekeys = await createPrekeys(1, 3)
    const signed = await createSignedPrekey(identity.keyPair, 1)
    return new Party(name, identity, prekeys, signed, engine)
  }

  bundle(withPrekey = true): Bundle {
    const prekey = this.prekeys[0]
    return {
      registrationId: this.identity.registrationId,
      identityKey: own(this.identity.keyPair.publicKey),
      signedPrekey: {
        id: this.signed.id,
        key: own(this.signed.keyPair.publicKey),
        signature: own(this.signed.signature),
      },
      prekey: withPrekey && prekey ? { id: prekey.id, key: prekey.keyPair.publicKey } : null,
      kemPrekey: null,
    }
  }

  /** @throws Error before there is one */
  get held(): Bytes {
    if (!this.session) throw new Error('no session')
    return this.session
  }

  get local(): Local {
    return { ...this.identity, address: { userId: this.name, deviceId: 1 } }
  }

  remote(of: Peer) {
    return { userId: of.name, deviceId: 1 }
  }

  async start(to: Peer, bundle: Bundle = to.bundle()): Promise<void> {
    this.pinned ??= bundle.identityKey
    this.session = await this.engine.startSession({
      local: this.local,
      remote: this.remote(to),
      session: this.session,
      bundle,
      pinned: this.pinned,
      now: Date.now(),
    })
  }

  write(to: Peer, text: string): Promise<EncryptedIn<Bytes>> {
    return this.seal(to, utf8(text))
  }

  async seal(to: Peer, plaintext: Bytes): Promise<EncryptedIn<Bytes>> {
    if (!this.session || !this.pinned) throw new Error('no session')
    const result = await this.engine.encrypt({
      local: this.local,
      remote: this.remote(to),
      session: this.session,
      plaintext,
      pinned: this.pinned,
      now: Date.now(),
    })
    this.session = result.session
    return result
  }

  async tryRead(
    from: Peer,
    message: Pick<EncryptedIn<Bytes>, 'kind' | 'body'>,
  ): Promise<DecryptedIn<Bytes>> {
    const needs = message.kind === 'prekey' ? await this.engine.inspect(message.body) : null
    return this.engine.decrypt({
      local: this.local,
      remote: this.remote(from),
      session: this.session,
      kind: message.kind,
      body: message.body,
      pinned: this.pinned,
      prekey: this.prekeys.find((prekey) => prekey.id === needs?.prekeyId) ?? null,
      signedPrekey: needs?.signedPrekeyId === this.signed.id ? this.signed : null,
      kemPrekey: null,
      baseKeyUsed: false,
    })
  }

  async read(from: Peer, message: Pick<EncryptedIn<Bytes>, 'kind' | 'body'>): Promise<string> {
    const result = await this.tryRead(from, message)
    this.session = result.session
    this.pinned ??= result.identityKey
    const used = this.prekeys.findIndex((prekey) => prekey.id === result.used?.prekeyId)
    if (used >= 0) this.prekeys.splice(used, 1)
    return fromUtf8(result.plaintext)
  }
}

/** Two parties that have written to each other once in each direction. */
export async function acquainted(): Promise<[Party, Party]> {
  const [anna, bob] = [await Party.create('anna'), await Party.create('bob')]
  await anna.start(bob)
  await bob.read(anna, await anna.write(bob, 'hello'))
  await anna.read(bob, await bob.write(anna, 'hello back'))
  return [anna, bob]
}
