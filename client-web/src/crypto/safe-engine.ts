/** The engines behind `SealedEngine`: each secret is opened for one call, and sealed again after it. */
import { openBackup, sealBackup } from './backup-file'
import { splitIdentity, withIdentity } from './backup-identity'
import { equal, fromUtf8, toBase64, utf8 } from './bytes'
import type { Bytes } from './bytes'
import type {
  KeyPair,
  LocalIdentity,
  Prekey,
  PublicKey,
  RemoteAddress,
  Session,
  SessionInfo,
  SignedPrekey,
} from './engine'
import { engineOf, newest } from './engines'
import type { TaggedEngine } from './engines'
import { CryptoError } from './errors'
import type { Safe } from './safe'
import type {
  Encrypted,
  RawSecrets,
  Recipient,
  Sealed,
  SealedEngine,
  SealedIdentity,
  SealedKemPrekey,
  SealedPrekey,
  SealedSecrets,
  SealedSignedPrekey,
} from './sealed-engine'
import { createKyberPrekeys } from './v4/engine'
import type { KyberPrekey } from './v4/engine'

/** Version 4's engine made it. */
const KEM_TAG = 2

interface OpenedSession {
  by: TaggedEngine
  session: Session
}

const none: SessionInfo = { open: false, answered: false, registrationId: 0, identityKey: null }

// Places: what a secret is, and whose.
const ofIdentity = (key: PublicKey): string => `identity ${toBase64(key)}`
const ofPrekey = (id: number): string => `prekey ${id}`
const ofSignedPrekey = (id: number): string => `signed prekey ${id}`
const ofKemPrekey = (id: number): string => `kem prekey ${id}`
const ofSession = ({ userId, deviceId }: RemoteAddress): string => `session ${userId}.${deviceId}`

export class SafeEngine implements SealedEngine {
  constructor(private readonly safe: Safe) {}

  /** Secrets that lay unsealed. */
  async adopt(raw: RawSecrets): Promise<SealedSecrets> {
    const { identity } = raw
    return {
      identity: identity && (await this.sealIdentity(newest.tag, identity)),
      prekeys: await Promise.all(raw.prekeys.map((one) => this.sealPrekey(one))),
      signedPrekeys: await Promise.all(raw.signedPrekeys.map((one) => this.sealSignedPrekey(one))),
      sessions: await Promise.all(
        raw.sessions.map(({ remote, session }) => this.sealSession(remote, newest, session)),
      ),
    }
  }

  async createIdentity(): Promise<SealedIdentity> {
    return this.sealIdentity(newest.tag, await newest.engine.createIdentity())
  }

  async createPrekeys(firstId: number, count: number): Promise<SealedPrekey[]> {
    const made = await newest.engine.createPrekeys(firstId, count)
    return Promise.all(made.map((one) => this.sealPrekey(one)))
  }

  async createSignedPrekey(identity: SealedIdentity, id: number): Promise<SealedSignedPrekey> {
    const { keyPair } = await this.openIdentity(identity)
    return this.sealSignedPrekey(await newest.engine.createSignedPrekey(keyPair, id))
  }

  async createKemPrekeys(identity: SealedIdentity, firstId: number, count: number) {
    const { keyPair } = await this.openIdentity(identity)
    const made = createKyberPrekeys(keyPair, firstId, count)
    return Promise.all(made.map((one) => this.sealKemPrekey(one)))
  }

  async startSession(request: Parameters<SealedEngine['startSession']>[0]): Promise<Sealed> {
    const { remote } = request
    const held = await this.openSession(remote, request.session)
    const local = await this.openIdentity(request.local)
    const by = held?.by ?? newest
    const session = held?.session ?? null
    return this.sealSession(
      remote,
      by,
      await by.engine.startSession({ ...request, local, session }),
    )
  }

  async encrypt({ local, plaintext, recipients }: Parameters<SealedEngine['encrypt']>[0]) {
    const identity = await this.openIdentity(local)
    const encrypted: (Encrypted | null)[] = []
    for (const one of recipients) encrypted.push(await this.encryptFor(one, identity, plaintext))
    return encrypted
  }

  inspect(body: Bytes) {
    return newest.engine.inspect(body)
  }

  async decrypt(request: Parameters<SealedEngine['decrypt']>[0]) {
    const { remote } = request
    const [held, local] = await Promise.all([
      this.openSession(remote, request.session),
      this.openIdentity(request.local),
    ])
    const { prekey, signedPrekey } = request
    // One that begins a session was made for the engine of the prekeys that it names.
    const by = held?.by ?? (signedPrekey ? engineOf(signedPrekey.secret) : newest)
    const decrypted = await by.engine.decrypt({
      ...request,
      local,
      session: held?.session ?? null,
      prekey: prekey && (await this.openPrekey(ofPrekey(prekey.id), prekey)),
      signedPrekey:
        signedPrekey && (await this.openPrekey(ofSignedPrekey(signedPrekey.id), signedPrekey)),
    })
    return { ...decrypted, session: await this.sealSession(remote, by, decrypted.session) }
  }

  async describe(remote: RemoteAddress, session: Sealed): Promise<SessionInfo> {
    const held = await this.openSession(remote, session)
    return held ? held.by.engine.describe(held.session) : none
  }

  safetyNumber(...parties: Parameters<SealedEngine['safetyNumber']>) {
    return newest.engine.safetyNumber(...parties)
  }

  isSigned(...signed: Parameters<SealedEngine['isSigned']>) {
    return newest.engine.isSigned(...signed)
  }

  async sealBackup(content: Bytes, identity: SealedIdentity, passphrase: string): Promise<Bytes> {
    return sealBackup(withIdentity(content, await this.openIdentity(identity)), passphrase)
  }

  async openBackup(file: Bytes, passphrase: string) {
    const { content, identity } = splitIdentity(await openBackup(file, passphrase))
    return { content, identity: await this.sealIdentity(newest.tag, identity) }
  }

  async openIdentity({
    publicKey,
    secret,
    registrationId,
  }: SealedIdentity): Promise<LocalIdentity> {
    const privateKey = await this.safe.open(ofIdentity(publicKey), secret)
    return { keyPair: { publicKey, privateKey }, registrationId }
  }

  private async encryptFor(
    { remote, session, registrationId, pinned }: Recipient,
    local: LocalIdentity,
    plaintext: Bytes,
  ): Promise<Encrypted | null> {
    const held = await this.openSession(remote, session)
    if (!held) return null
    const { engine } = held.by
    const info = await engine.describe(held.session)
    const fits = info.identityKey !== null && equal(info.identityKey, pinned)
    if (!fits || info.registrationId !== registrationId) return null
    const request = { local, remote, session: held.session, plaintext, pinned }
    const { session: next, kind, body } = await engine.encrypt(request)
    return { session: await this.sealSession(remote, held.by, next), kind, body }
  }

  private async sealIdentity(tag: number, identity: LocalIdentity): Promise<SealedIdentity> {
    const { keyPair, registrationId } = identity
    const { publicKey, privateKey } = keyPair
    const secret = await this.safe.seal(tag, ofIdentity(publicKey), privateKey)
    return { publicKey, secret, registrationId }
  }

  private async sealPrekey({ id, keyPair }: Prekey): Promise<SealedPrekey> {
    return { id, ...(await this.sealPair(ofPrekey(id), keyPair)) }
  }

  private async sealSignedPrekey(made: SignedPrekey): Promise<SealedSignedPrekey> {
    const { id, keyPair, signature } = made
    return { id, ...(await this.sealPair(ofSignedPrekey(id), keyPair)), signature }
  }

  private async sealKemPrekey(made: KyberPrekey): Promise<SealedKemPrekey> {
    const { id, publicKey, seed, signature } = made
    return {
      id,
      publicKey,
      secret: await this.safe.seal(KEM_TAG, ofKemPrekey(id), seed),
      signature,
    }
  }

  private async sealPair(place: string, { publicKey, privateKey }: KeyPair) {
    return { publicKey, secret: await this.safe.seal(newest.tag, place, privateKey) }
  }

  private async openPrekey(
    place: string,
    { id, publicKey, secret }: SealedPrekey,
  ): Promise<Prekey> {
    return { id, keyPair: { publicKey, privateKey: await this.safe.open(place, secret) } }
  }

  private sealSession(remote: RemoteAddress, by: TaggedEngine, session: Session): Promise<Sealed> {
    return this.safe.seal(by.tag, ofSession(remote), utf8(session))
  }

  /** Null also for one that does not open: another takes its place. */
  private async openSession(
    remote: RemoteAddress,
    sealed: Sealed | null,
  ): Promise<OpenedSession | null> {
    if (!sealed) return null
    try {
      const session = fromUtf8(await this.safe.open(ofSession(remote), sealed))
      return { by: engineOf(sealed), session }
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'damaged') return null
      throw error
    }
  }
}
