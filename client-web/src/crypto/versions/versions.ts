/**
 * Chooses between the versions of the protocol. With a device that has a KEM prekey, new sessions are of version
 * 4. An earlier session of version 3 stays readable beside it until the other side has answered in version 4. The
 * code of version 3 is fetched when a session, bundle or message of it appears.
 */
import { equal } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import type {
  DecryptedIn,
  Decryption,
  EncryptedIn,
  Encryption,
  PrekeyMessageInfo,
  ProtocolVersion,
  PublicKey,
  SessionInfo,
  SessionStart,
} from '@/crypto/protocol/protocol'
import { checkBundle } from '@/crypto/protocol/keys'
import { versionOf } from '@/crypto/protocol/version'
import type { Version } from '@/crypto/protocol/version'
import type { SessionRecord } from '@/crypto/v4/session-encoding'
import { versionFour } from '@/crypto/v4/version-four'
import type { HeldSessions } from './held-sessions'

let loading: Promise<ProtocolVersion<Bytes>> | null = null

/** @throws CryptoError `not_loaded` */
function loadVersionThree(): Promise<ProtocolVersion<Bytes>> {
  loading ??= import('@/crypto/v3/version-three').then(({ versionThree }) => versionThree)
  return loading.catch((cause: unknown) => {
    loading = null
    throw new CryptoError('not_loaded', 'the engine of version 3 did not load', { cause })
  })
}

/** @throws CryptoError `bad_message` */
function knownVersion(body: Bytes): Version {
  const version = versionOf(body)
  if (version === null) throw new CryptoError('bad_message', 'of an unknown version')
  return version
}

/**
 * `knownFour`: the identity is known to have KEM prekeys. A session of version 4 shows it, too. @throws
 * CryptoError `downgrade` for a bundle without one
 */
export async function start(
  held: HeldSessions,
  knownFour: boolean,
  request: Omit<SessionStart<never>, 'session'>,
): Promise<HeldSessions> {
  if (request.bundle.kemPrekey) {
    return { ...held, v4: await versionFour.startSession({ ...request, session: held.v4 }) }
  }
  const inFour = held.v4 && versionFour.describe(held.v4).identityKey
  if (knownFour || (inFour && equal(inFour, request.pinned))) {
    // A bundle of another identity's device is refused as such first.
    checkBundle(request.bundle)
    throw new CryptoError('downgrade')
  }
  const versionThree = await loadVersionThree()
  return { ...held, v3: await versionThree.startSession({ ...request, session: held.v3 }) }
}

type InVersion<T> = Omit<T, 'session'> & { held: HeldSessions; version: Version }

/**
 * Uses the newest session that matches the device. Returns null if none does, or if nobody answered in it for too
 * long.
 */
export async function encrypt(
  held: HeldSessions,
  registrationId: number,
  request: Omit<Encryption<never>, 'session'>,
): Promise<InVersion<EncryptedIn<never>> | null> {
  const fits = ({ identityKey, registrationId: of }: SessionInfo): boolean =>
    identityKey !== null && equal(identityKey, request.pinned) && of === registrationId
  const { v3, v4 } = held
  if (v4 && fits(versionFour.describe(v4))) {
    const encrypted = await unlessStale(versionFour.encrypt({ ...request, session: v4 }))
    if (!encrypted) return null
    const { session, ...rest } = encrypted
    return { ...rest, held: { ...held, v4: session }, version: 4 }
  }
  const versionThree = v3 && (await loadVersionThree())
  if (!versionThree || !fits(versionThree.describe(v3))) return null
  const { session, ...rest } = await versionThree.encrypt({ ...request, session: v3 })
  return { ...rest, held: { ...held, v3: session }, version: 3 }
}

async function unlessStale<T>(encrypting: Promise<T>): Promise<T | null> {
  try {
    return await encrypting
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'stale_session') return null
    throw error
  }
}

export async function inspect(body: Bytes): Promise<PrekeyMessageInfo> {
  const version = knownVersion(body) === 4 ? versionFour : await loadVersionThree()
  return version.inspect(body)
}

export interface Circumstances {
  /** The device is known to speak version 4: a new session of version 3 with it is refused. */
  knownFour: boolean
  /** No earlier message of the device is under way: this one came through the mailbox, which keeps order. */
  inOrder: boolean
}

export async function decrypt(
  held: HeldSessions,
  { knownFour, inOrder }: Circumstances,
  request: Omit<Decryption<never>, 'session'>,
): Promise<InVersion<DecryptedIn<never>>> {
  const version = knownVersion(request.body)
  const pinned = request.pinned ?? (await identityIn(held))
  if (version === 4) {
    const { session, ...read } = await decryptFour({ ...request, pinned, session: held.v4 })
    // Both sides have written in version 4, and nothing of version 3 is under way.
    const v3 = inOrder && request.kind === 'message' ? null : held.v3
    return { ...read, version, held: { ...held, v3, v4: session } }
  }
  const versionThree = await loadVersionThree()
  const { session, ...read } = await versionThree.decrypt({ ...request, pinned, session: held.v3 })
  if (knownFour && read.used) throw new CryptoError('downgrade')
  return { ...read, version, held: { ...held, v3: session } }
}

/** @throws CryptoError `no_session` for a used base key whose session is lost */
async function decryptFour(
  request: Decryption<SessionRecord>,
): Promise<DecryptedIn<SessionRecord>> {
  try {
    return await versionFour.decrypt(request)
  } catch (error) {
    const lost = error instanceof CryptoError && error.code === 'reused_base_key'
    // Every message repeats the base key until it is answered, so this need not be the message that was read.
    if (lost && !request.session) throw new CryptoError('no_session', 'lost', { cause: error })
    throw error
  }
}

/** The session that is used for sending; null if there is none. */
export async function describe({
  v3,
  v4,
}: HeldSessions): Promise<(SessionInfo & { version: Version }) | null> {
  if (v4) return { ...versionFour.describe(v4), version: 4 }
  return v3 && { ...(await loadVersionThree()).describe(v3), version: 3 }
}

const identityIn = async (held: HeldSessions): Promise<PublicKey | null> =>
  (await describe(held))?.identityKey ?? null
