/** The engines behind `SealedEngine`: each secret is opened for one call, and sealed again after it. */
import { openBackup, sealBackup } from '@/crypto/backup/backup-file'
import { splitIdentity, withIdentity } from '@/crypto/backup/backup-identity'
import { toBase64, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { isSigned } from '@/crypto/curve/ed25519'
import type {
  KemPrekey,
  KeyPair,
  Local,
  LocalIdentity,
  Prekey,
  PublicKey,
  DeviceAddress,
  SignedPrekey,
} from '@/crypto/protocol/protocol'
import { decodeHeld, encodeHeld, NONE, TAGS } from '@/crypto/versions/held-sessions'
import type { HeldSessions } from '@/crypto/versions/held-sessions'
import { decrypt, describe, encrypt, inspect, start } from '@/crypto/versions/versions'
import { CryptoError } from '@/crypto/errors'
import { createIdentity, createPrekeys, createSignedPrekey } from '@/crypto/protocol/keys'
import { engineTag } from './safe'
import type { Safe } from './safe'
import { safetyNumber } from '@/crypto/contact/safety-number'
import type {
  Encrypted,
  RawSecrets,
  Recipient,
  Sealed,
  SealedEngine,
  SealedIdentity,
  SealedKemPrekey,
  SealedLocal,
  SealedPrekey,
  SealedSecrets,
  SealedSignedPrekey,
  DescribedSession,
} from './engine'
import { createKemPrekeys } from '@/crypto/v4/kem-prekeys'

const none: DescribedSession = {
  open: false,
  answered: false,
  registrationId: 0,
  identityKey: null,
  version: null,
}

// Places: what a secret is, and whose.
const ofIdentity = (key: PublicKey): string => `identity ${toBase64(key)}`
const ofPrekey = (id: number): string => `prekey ${id}`
const ofSignedPrekey = (id: number): string => `signed prekey ${id}`
const ofKemPrekey = (id: number): string => `kem prekey ${id}`
const ofSession = ({ userId, deviceId }: DeviceAddress): string => `session ${userId}.${deviceId}`

export class SafeEngine implements SealedEngine {
  constructor(private readonly safe: Safe) {}

  /** Secrets that lay unsealed. */
  async adopt(raw: RawSecrets): Promise<SealedSecrets> {
    const { identity } = raw
    return {
      identity: identity && (await this.sealIdentity(identity)),
      prekeys: await Promise.all(raw.prekeys.map((one) => this.sealPrekey(one))),
      signedPrekeys: await Promise.all(raw.signedPrekeys.map((one) => this.sealSignedPrekey(one))),
      sessions: await Promise.all(
        raw.sessions.map(({ remote, session }) =>
          this.sealSession(remote, { ...NONE, v3: utf8(session) }),
        ),
      ),
    }
  }

  async createIdentity(): Promise<SealedIdentity> {
    return this.sealIdentity(await createIdentity())
  }

  async createPrekeys(firstId: number, count: number): Promise<SealedPrekey[]> {
    const made = await createPrekeys(firstId, count)
    return Promise.all(made.map((one) => this.sealPrekey(one)))
  }

  async createSignedPrekey(identity: SealedIdentity, id: number): Promise<SealedSignedPrekey> {
    const { keyPair } = await this.openIdentity(identity)
    return this.sealSignedPrekey(await createSignedPrekey(keyPair, id))
  }

  async createKemPrekeys(identity: SealedIdentity, firstId: number, count: number) {
    const { keyPair } = await this.openIdentity(identity)
    const made = createKemPrekeys(keyPair, firstId, count)
    return Promise.all(made.map((one) => this.sealKemPrekey(one)))
  }

  async startSession(request: Parameters<SealedEngine['startSession']>[0]): Promise<Sealed> {
    const { remote } = request
    const held = await this.openSession(remote, request.session)
    const local = await this.openLocal(request.local)
    return this.sealSession(remote, await start(held, request.knownFour, { ...request, local }))
  }

  async encrypt({ local, plaintext, recipients, now }: Parameters<SealedEngine['encrypt']>[0]) {
    const opened = await this.openLocal(local)
    const encrypted: (Encrypted | null)[] = []
    for (const one of recipients) encrypted.push(await this.encryptFor(one, opened, plaintext, now))
    return encrypted
  }

  inspect(body: Bytes) {
    return inspect(body)
  }

  async decrypt(request: Parameters<SealedEngine['decrypt']>[0]) {
    const { remote, prekey, signedPrekey, kemPrekey } = request
    const [before, local] = await Promise.all([
      this.openSession(remote, request.session),
      this.openLocal(request.local),
    ])
    const { held, ...decrypted } = await decrypt(before, request, {
      ...request,
      local,
      prekey: prekey && (await this.openPrekey(ofPrekey(prekey.id), prekey)),
      signedPrekey:
        signedPrekey && (await this.openPrekey(ofSignedPrekey(signedPrekey.id), signedPrekey)),
      kemPrekey: kemPrekey && (await this.openKemPrekey(kemPrekey)),
    })
    return { ...decrypted, session: await this.sealSession(remote, held) }
  }

  async describe(remote: DeviceAddress, session: Sealed): Promise<DescribedSession> {
    return (await describe(await this.openSession(remote, session))) ?? none
  }

  async safetyNumber(...parties: Parameters<SealedEngine['safetyNumber']>) {
    return safetyNumber(...parties)
  }

  async isSigned(...signed: Parameters<SealedEngine['isSigned']>) {
    return isSigned(...signed)
  }

  async sealBackup(content: Bytes, identity: SealedIdentity, passphrase: string): Promise<Bytes> {
    return sealBackup(withIdentity(content, await this.openIdentity(identity)), passphrase)
  }

  async openBackup(file: Bytes, passphrase: string) {
    const { content, identity } = splitIdentity(await openBackup(file, passphrase))
    return { content, identity: await this.sealIdentity(identity) }
  }

  async openIdentity({
    publicKey,
    secret,
    registrationId,
  }: SealedIdentity): Promise<LocalIdentity> {
    const privateKey = await this.safe.open(ofIdentity(publicKey), secret)
    return { keyPair: { publicKey, privateKey }, registrationId }
  }

  private async openLocal({ address, ...identity }: SealedLocal): Promise<Local> {
    return { ...(await this.openIdentity(identity)), address }
  }

  private async encryptFor(
    { remote, session, registrationId, pinned }: Recipient,
    local: Local,
    plaintext: Bytes,
    now: number,
  ): Promise<Encrypted | null> {
    const before = await this.openSession(remote, session)
    const request = { local, remote, plaintext, pinned, now }
    const encrypted = await encrypt(before, registrationId, request)
    if (!encrypted) return null
    const { held, ...rest } = encrypted
    return { ...rest, session: await this.sealSession(remote, held) }
  }

  private async sealIdentity({ keyPair, registrationId }: LocalIdentity): Promise<SealedIdentity> {
    return { ...(await this.sealPair(ofIdentity(keyPair.publicKey), keyPair)), registrationId }
  }

  private async sealPrekey({ id, keyPair }: Prekey): Promise<SealedPrekey> {
    return { id, ...(await this.sealPair(ofPrekey(id), keyPair)) }
  }

  private async sealSignedPrekey(made: SignedPrekey): Promise<SealedSignedPrekey> {
    const { id, keyPair, signature } = made
    return { id, ...(await this.sealPair(ofSignedPrekey(id), keyPair)), signature }
  }

  private async sealKemPrekey({ seed, ...rest }: KemPrekey): Promise<SealedKemPrekey> {
    const secret = await this.safe.seal(TAGS.kemSeedsAndVersion4, ofKemPrekey(rest.id), seed)
    return { ...rest, secret }
  }

  private async openKemPrekey({ secret, ...rest }: SealedKemPrekey): Promise<KemPrekey> {
    return { ...rest, seed: await this.safe.open(ofKemPrekey(rest.id), secret) }
  }

  private async sealPair(place: string, { publicKey, privateKey }: KeyPair) {
    return { publicKey, secret: await this.safe.seal(TAGS.pairsAndVersion3, place, privateKey) }
  }

  private async openPrekey(
    place: string,
    { id, publicKey, secret }: SealedPrekey,
  ): Promise<Prekey> {
    return { id, keyPair: { publicKey, privateKey: await this.safe.open(place, secret) } }
  }

  private sealSession(remote: DeviceAddress, held: HeldSessions): Promise<Sealed> {
    const { tag, secret } = encodeHeld(held)
    return this.safe.seal(tag, ofSession(remote), secret)
  }

  /** None also for one that does not open: another takes its place. */
  private async openSession(remote: DeviceAddress, sealed: Sealed | null): Promise<HeldSessions> {
    if (!sealed) return NONE
    try {
      return decodeHeld(engineTag(sealed), await this.safe.open(ofSession(remote), sealed))
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'damaged') return NONE
      throw error
    }
  }
}
