/**
 * The versions of the protocol that this build speaks, and when it uses which. With a device that has a KEM prekey
 * a session begins in version 4. One of version 3 that was there before reads on beside it, and is gone when the other
 * side has answered in version 4. The engine of version 3 is loaded when a session, bundle or message of it appears.
 */
import { equal } from './bytes'
import type { Bytes } from './bytes'
import type {
  CryptoEngine,
  Decrypted,
  DecryptRequest,
  EncryptRequest,
  Encrypted,
  PrekeyMessageInfo,
  PublicKey,
  Session,
  SessionInfo,
  StartRequest,
} from './engine'
import { CryptoError } from './errors'
import { checkBundle } from './keys'
import { encodeFields, Fields } from './v4/protobuf'
import { versionFour } from './v4/version-four'
import { versionOf } from './version'
import type { Version } from './version'

/** In front of a secret: what it is of. */
export const TAGS = { pairsAndVersion3: 1, kemSeedsAndVersion4: 2 } as const

/** The sessions with one remote device. */
export interface Held {
  readonly v3: Session | null
  readonly v4: Session | null
}

export const NONE: Held = { v3: null, v4: null }

let loading: Promise<CryptoEngine> | null = null

/** @throws CryptoError `not_loaded` */
function versionThree(): Promise<CryptoEngine> {
  loading ??= import('./signal/signal-engine').then(({ signalEngine }) => signalEngine)
  return loading.catch((cause: unknown) => {
    loading = null
    throw new CryptoError('not_loaded', 'the engine of version 3 did not load', { cause })
  })
}

const engineOf = (version: Version): CryptoEngine | Promise<CryptoEngine> =>
  version === 4 ? versionFour : versionThree()

/** @throws CryptoError `bad_message` */
function knownVersion(body: Bytes): Version {
  const version = versionOf(body)
  if (version === null) throw new CryptoError('bad_message', 'of an unknown version')
  return version
}

/** The newest first: this is the order in which they are used for sending. */
function* sessionsIn({ v3, v4 }: Held): Generator<[Version, Session]> {
  if (v4) yield [4, v4]
  if (v3) yield [3, v3]
}

/**
 * `knownFour`: the identity is known to have KEM prekeys, as it also is by a session of version 4.
 * @throws CryptoError `downgrade` for a bundle without one
 */
export async function start(
  held: Held,
  knownFour: boolean,
  request: Omit<StartRequest, 'session'>,
): Promise<Held> {
  if (request.bundle.kemPrekey) {
    return { ...held, v4: await versionFour.startSession({ ...request, session: held.v4 }) }
  }
  const inFour = held.v4 && (await versionFour.describe(held.v4)).identityKey
  if (knownFour || (inFour && equal(inFour, request.pinned))) {
    // A foreign device is told as that.
    checkBundle(request.bundle)
    throw new CryptoError('downgrade')
  }
  const engine = await versionThree()
  return { ...held, v3: await engine.startSession({ ...request, session: held.v3 }) }
}

/** In the newest session that fits the device as it is; null where none does, or nobody answered in it for too long. */
export async function encrypt(
  held: Held,
  registrationId: number,
  request: Omit<EncryptRequest, 'session'>,
): Promise<(Pick<Encrypted, 'kind' | 'body'> & { held: Held; version: Version }) | null> {
  for (const [version, session] of sessionsIn(held)) {
    const engine = await engineOf(version)
    const info = await engine.describe(session)
    const fits = info.identityKey !== null && equal(info.identityKey, request.pinned)
    if (!fits || info.registrationId !== registrationId) continue
    try {
      const { session: next, kind, body } = await engine.encrypt({ ...request, session })
      return { held: { ...held, [`v${version}`]: next }, kind, body, version }
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'stale_session') return null
      throw error
    }
  }
  return null
}

export async function inspect(body: Bytes): Promise<PrekeyMessageInfo> {
  return (await engineOf(knownVersion(body))).inspect(body)
}

export interface Circumstances {
  /** The device is known to speak version 4. No session of version 3 with it begins any more. */
  knownFour: boolean
  /** Nothing that the device wrote before is on its way: it came by the mailbox, which keeps order. */
  inOrder: boolean
}

export async function decrypt(
  held: Held,
  { knownFour, inOrder }: Circumstances,
  request: Omit<DecryptRequest, 'session'>,
): Promise<Omit<Decrypted, 'session'> & { held: Held; version: Version }> {
  const version = knownVersion(request.body)
  const pinned = request.pinned ?? (await identityIn(held))
  if (version === 4) {
    const { session, ...read } = await decryptFour({ ...request, pinned, session: held.v4 })
    // Both sides have written in it: nothing more comes in version 3.
    const v3 = inOrder && request.kind === 'message' ? null : held.v3
    return { ...read, version, held: { v3, v4: session } }
  }
  const engine = await versionThree()
  const { session, ...read } = await engine.decrypt({ ...request, pinned, session: held.v3 })
  if (knownFour && read.used) throw new CryptoError('downgrade')
  return { ...read, version, held: { ...held, v3: session } }
}

/** @throws CryptoError `no_session` for a base key that was used, where no session is left that it could have begun */
async function decryptFour(request: DecryptRequest): Promise<Decrypted> {
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
export async function describe(held: Held): Promise<(SessionInfo & { version: Version }) | null> {
  for (const [version, session] of sessionsIn(held)) {
    return { ...(await (await engineOf(version)).describe(session)), version }
  }
  return null
}

const identityIn = async (held: Held): Promise<PublicKey | null> =>
  (await describe(held))?.identityKey ?? null

/** As a secret, with the tag that stands in front of it. */
export function encodeHeld({ v3, v4 }: Held): { tag: number; secret: Bytes } {
  if (!v4) return { tag: TAGS.pairsAndVersion3, secret: v3 ?? new Uint8Array(0) }
  return { tag: TAGS.kemSeedsAndVersion4, secret: encodeFields([1, v4], [2, v3]) }
}

/** @throws CryptoError `damaged` for a tag that this build does not know */
export function decodeHeld(tag: number, secret: Bytes): Held {
  if (tag === TAGS.pairsAndVersion3) return { v3: secret, v4: null }
  if (tag !== TAGS.kemSeedsAndVersion4) throw new CryptoError('damaged', 'of an unknown version')
  const fields = new Fields(secret)
  return { v4: fields.bytes(1), v3: fields.optionalBytes(2) }
}
