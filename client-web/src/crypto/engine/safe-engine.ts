/** Implements `SealedEngine`: opens each secret for one call and seals it again. */
import { openBackup, sealBackup } from '@/crypto/backup/backup-file'
import { splitIdentity, withIdentity } from '@/crypto/backup/backup-identity'
import { utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { isSigned } from '@/crypto/curve/ed25519'
import type {
  KemPrekey,
  KeyPair,
  Local,
  LocalIdentity,
  Prekey,
  DeviceAddress,
  SignedPrekey,
} from '@/crypto/protocol/protocol'
import { decodeHeld, encodeHeld, NONE, TAGS } from '@/crypto/versions/held-sessions'
import type { HeldSessions } from '@/crypto/versions/held-sessions'
import { decrypt, describe, encrypt, inspect, start } from '@/crypto/versions/versions'
import { CryptoError } from '@/crypto/errors'
import type { LinkSides } from '@/crypto/linking/link-sides'
import { createIdentity, createPrekeys, createSignedPrekey } from '@/crypto/protocol/keys'
import { ofIdentity, ofKemPrekey, ofPrekey, ofRest, ofSession, ofSignedPrekey } from './places'
import { secretTag } from './safe'
import type { Safe } from './safe'
import { safetyNumber } from '@/crypto/contact/safety-number'
import type {
  Encrypted,
  RawSecrets,
  Recipient,
  SealedEngine,
  SealedIdentity,
  SealedKemPrekey,
  SealedLocal,
  SealedPrekey,
  SealedSecrets,
  SealedSession,
  SealedSignedPrekey,
  DescribedSession,
  SessionWrite,
} from './engine'
import { createKemPrekeys } from '@/crypto/v4/kem-prekeys'

const none: DescribedSession = {
  open: false,
  answered: false,
  registrationId: 0,
  identityKey: null,
  version: null,
}

/** Fetched when a device is linked. @throws CryptoError `not_loaded` */
const linking = () =>
  import('@/crypto/linking/linking').catch((cause: unknown) => {
    throw new CryptoError('not_loaded', 'the code of linking did not load', { cause })
  })

export class SafeEngine implements SealedEngine {
  private sides: LinkSides | null = null

  constructor(private readonly safe: Safe) {}

  /** Seals secrets that earlier builds stored unsealed. */
  async adopt(raw: RawSecrets): Promise<SealedSecrets> {
    const { identity } = raw
    return {
      identity: identity && (await this.sealIdentity(identity)),
      prekeys: await Promise.all(raw.prekeys.map((one) => this.sealPrekey(one))),
      signedPrekeys: await Promise.all(raw.signedPrekeys.map((one) => this.sealSignedPrekey(one))),
      sessions: await Promise.all(
        raw.sessions.map(({ remote, session }) =>
          this.sealSession(remote, { ...NONE, v3: utf8(session) }, NONE),
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

  async startSession(request: Parameters<SealedEngine['startSession']>[0]): Promise<SessionWrite> {
    const { remote } = request
    const held = await this.openSession(remote, request.session)
    const local = await this.openLocal(request.local)
    const next = await start(held, request.knownFour, { ...request, local })
    return this.sealSession(remote, next, held)
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
    return { ...decrypted, session: await this.sealSession(remote, held, before) }
  }

  async describe(remote: DeviceAddress, session: SealedSession): Promise<DescribedSession> {
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

  async offerLink(link: string) {
    return (await this.links()).offer(link)
  }

  async meetLink(link: string, body: Bytes) {
    return (await this.links()).meet(link, body)
  }

  async joinLink(...args: Parameters<SealedEngine['joinLink']>) {
    return (await this.links()).join(...args)
  }

  async confirmLink(link: string, digits: string) {
    return (await this.links()).confirm(link, digits)
  }

  async sealToLink(link: string, plain: Bytes) {
    return (await this.links()).seal(link, plain)
  }

  async openFromLink(link: string, body: Bytes) {
    return (await this.links()).open(link, body)
  }

  async sealAccountToLink(link: string, content: Bytes, identity: SealedIdentity) {
    return (await this.links()).sealAccount(link, content, await this.openIdentity(identity))
  }

  async takeAccountFromLink(link: string, body: Bytes) {
    const taken = await (await this.links()).takeAccount(link, body)
    return taken && { ...taken, identity: await this.sealIdentity(taken.identity) }
  }

  async endLink(link: string) {
    ;(await this.links()).end(link)
  }

  private async links(): Promise<LinkSides> {
    this.sides ??= new (await linking()).LinkSides()
    return this.sides
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
    return { ...rest, session: await this.sealSession(remote, held, before) }
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

  private async sealSession(
    remote: DeviceAddress,
    held: HeldSessions,
    before: HeldSessions,
  ): Promise<SessionWrite> {
    const { state, rest } = encodeHeld(held, before)
    const sealed = await this.safe.seal(state.tag, ofSession(remote), state.secret)
    if (!rest) return { state: sealed, ...(rest === null && { rest }) }
    const place = ofRest(remote, rest.link)
    return { state: sealed, rest: await this.safe.seal(TAGS.version4InTwo, place, rest.secret) }
  }

  /** A session that does not open counts as none: a new one replaces it. */
  private async openSession(
    remote: DeviceAddress,
    session: SealedSession | null,
  ): Promise<HeldSessions> {
    if (!session) return NONE
    const { state, rest } = session
    try {
      const secret = await this.safe.open(ofSession(remote), state)
      return await decodeHeld({ tag: secretTag(state), secret }, (link) => {
        if (!rest) throw new CryptoError('damaged', 'a session without its rest')
        return this.safe.open(ofRest(remote, link), rest)
      })
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'damaged') return NONE
      throw error
    }
  }
}
