/**
 * The versions of the protocol that this build speaks, and when it uses which. With a device that has a KEM prekey
 * a session begins in version 4. One of version 3 that was there before reads on beside it, and is gone when the other
 * side has answered in version 4. The engine of version 3 is loaded when a session, bundle or message of it appears.
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
import type { SessionRecord } from '@/crypto/v4/records'
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
 * `knownFour`: the identity is known to have KEM prekeys, as it also is by a session of version 4.
 * @throws CryptoError `downgrade` for a bundle without one
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
    // A foreign device is told as that.
    checkBundle(request.bundle)
    throw new CryptoError('downgrade')
  }
  const versionThree = await loadVersionThree()
  return { ...held, v3: await versionThree.startSession({ ...request, session: held.v3 }) }
}

type InVersion<T> = Omit<T, 'session'> & { held: HeldSessions; version: Version }

/** In the newest session that fits the device as it is. Null where none does, or nobody answered in it for too long. */
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
    return { ...rest, held: { v3, v4: session }, version: 4 }
  }
  const versionThree = v3 && (await loadVersionThree())
  if (!versionThree || !fits(versionThree.describe(v3))) return null
  const { session, ...rest } = await versionThree.encrypt({ ...request, session: v3 })
  return { ...rest, held: { v3: session, v4 }, version: 3 }
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
  /** The device is known to speak version 4. No session of version 3 with it begins any more. */
  knownFour: boolean
  /** Nothing that the device wrote before is on its way: it came by the mailbox, which keeps order. */
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
    // Both sides have written in it: nothing more comes in version 3.
    const v3 = inOrder && request.kind === 'message' ? null : held.v3
    return { ...read, version, held: { v3, v4: session } }
  }
  const versionThree = await loadVersionThree()
  const { session, ...read } = await versionThree.decrypt({ ...request, pinned, session: held.v3 })
  if (knownFour && read.used) throw new CryptoError('downgrade')
  return { ...read, version, held: { ...held, v3: session } }
}

/** @throws CryptoError `no_session` for a base key that was used, where no session is left that it could have begun */
async function decryptFour(
  request: Decryption<SessionRecord>,
): Promise<DecryptedIn<SessionRecord>> {
  try {
    return await versionFour.decrypt(request)
  } catch (error) {
    const lost = error instanceof CryptoError && error.code === 'reused_base_key'
    // Every message repeats the base key until it is answered: this need not be the one that was read.
    if (lost && !request.session) throw new CryptoError('no_session', 'lost', { cause: error })
    throw error
  }
}

/** Of the session that is used for sending; null where there is none. */
export async function describe({
  v3,
  v4,
}: HeldSessions): Promise<(SessionInfo & { version: Version }) | null> {
  if (v4) return { ...versionFour.describe(v4), version: 4 }
  return v3 && { ...(await loadVersionThree()).describe(v3), version: 3 }
}

const identityIn = async (held: HeldSessions): Promise<PublicKey | null> =>
  (await describe(held))?.identityKey ?? null
