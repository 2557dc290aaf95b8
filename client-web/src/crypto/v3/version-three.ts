import {
  SessionBuilder,
  SessionCipher,
  SignalProtocolAddress,
} from '@privacyresearch/libsignal-protocol-typescript'
import { equal, fromBase64, own, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type {
  DecryptedIn,
  Decryption,
  DeviceAddress,
  ProtocolVersion,
  PublicKey,
} from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import { checkBundle } from '@/crypto/protocol/keys'
import { translate } from './libsignal-errors'
import { parseSignalMessage, parsePrekeySignalMessage } from './signal-messages'
import {
  candidates,
  isolate,
  jump,
  MAX_JUMP,
  openEntry,
  parse,
  prune,
  reunite,
  serialize,
} from './libsignal-record'
import type { RecordState } from './libsignal-record'
import { StagedStore } from './staged-store'

const address = (remote: DeviceAddress): SignalProtocolAddress =>
  new SignalProtocolAddress(remote.userId, remote.deviceId)

const finish = (session: Bytes | undefined): Bytes => {
  if (!session) throw new CryptoError('internal', 'libsignal stored no session')
  return serialize(prune(parse(session)))
}

/** Version 3: libsignal behind our interface. Its known defects end here; each has a regression test. */
export const versionThree: ProtocolVersion<Bytes> = {
  async startSession({ local, remote, session, bundle, pinned }) {
    if (!equal(bundle.identityKey, pinned)) throw new CryptoError('identity_mismatch')
    checkBundle(bundle)
    const store = new StagedStore(local, session ?? undefined, pinned)
    await translate(() =>
      new SessionBuilder(store, address(remote)).processPreKey({
        registrationId: bundle.registrationId,
        identityKey: own(bundle.identityKey).buffer,
        signedPreKey: {
          keyId: bundle.signedPrekey.id,
          publicKey: own(bundle.signedPrekey.key).buffer,
          signature: own(bundle.signedPrekey.signature).buffer,
        },
        ...(bundle.prekey && {
          preKey: { keyId: bundle.prekey.id, publicKey: own(bundle.prekey.key).buffer },
        }),
      }),
    )
    return finish(store.session)
  },

  async encrypt({ local, remote, session, plaintext, pinned }) {
    const open = openEntry(parse(session))
    if (!open) throw new CryptoError('no_session')
    if (!equal(fromBase64(open[1].indexInfo.remoteIdentityKey), pinned)) {
      throw new CryptoError('identity_mismatch')
    }
    const store = new StagedStore(local, session, pinned)
    const result = await translate(() =>
      new SessionCipher(store, address(remote)).encrypt(own(plaintext).buffer),
    )
    const body = Uint8Array.from(result.body ?? '', (char) => char.charCodeAt(0))
    return {
      session: finish(store.session),
      kind: result.type === 3 ? 'prekey' : 'message',
      body,
    }
  },

  inspect(body) {
    const { message: _, ...info } = parsePrekeySignalMessage(body)
    return info
  },

  async decrypt(request) {
    return request.kind === 'prekey' ? decryptPrekey(request) : decryptMessage(request)
  },

  describe(session) {
    const open = openEntry(parse(session))?.[1]
    return {
      open: open !== undefined,
      answered: open !== undefined && open.pendingPreKey === undefined,
      registrationId: open?.registrationId ?? 0,
      identityKey: open ? fromBase64(open.indexInfo.remoteIdentityKey) : null,
    }
  },
}

/** The pinned key; where nothing is pinned, that of the open session, begun when something was. */
function expected({ pinned }: Decryption<Bytes>, record: RecordState | null): PublicKey | null {
  const open = record && openEntry(record)?.[1]
  return pinned ?? (open ? fromBase64(open.indexInfo.remoteIdentityKey) : null)
}

async function decryptPrekey(request: Decryption<Bytes>): Promise<DecryptedIn<Bytes>> {
  const parsed = parsePrekeySignalMessage(request.body)
  const record = request.session ? parse(request.session) : null
  const pinned = expected(request, record)
  // Before anything is decrypted or stored: libsignal itself would replace the pin.
  if (pinned && !equal(parsed.identityKey, pinned)) throw new CryptoError('identity_mismatch')
  const inner = parseSignalMessage(parsed.message)
  const known = record && sessionByBaseKey(record, toBase64(parsed.baseKey))
  if (known) {
    const session = await tryOne(request, record, known, parsed.message, parsed.identityKey)
    return { ...session, used: null }
  }
  if (inner.counter > MAX_JUMP) throw new CryptoError('too_far')
  if (request.signedPrekey?.id !== parsed.signedPrekeyId) throw new CryptoError('missing_prekey')
  if (parsed.prekeyId !== null && request.prekey?.id !== parsed.prekeyId) {
    throw new CryptoError('missing_prekey')
  }
  const store = new StagedStore(
    request.local,
    request.session ?? undefined,
    parsed.identityKey,
    request.prekey,
    request.signedPrekey,
  )
  const cipher = new SessionCipher(store, address(request.remote))
  const plaintext = await translate(() =>
    cipher.decryptPreKeyWhisperMessage(own(request.body).buffer, 'binary'),
  )
  return {
    session: finish(store.session),
    plaintext: own(plaintext),
    identityKey: parsed.identityKey,
    used: {
      prekeyId: parsed.prekeyId,
      signedPrekeyId: parsed.signedPrekeyId,
      kemPrekeyId: null,
      baseKey: parsed.baseKey,
    },
  }
}

async function decryptMessage(request: Decryption<Bytes>): Promise<DecryptedIn<Bytes>> {
  if (!request.session) throw new CryptoError('no_session')
  const record = parse(request.session)
  const pinned = expected(request, record)
  if (!pinned) throw new CryptoError('no_session')
  const { ratchetKey } = parseSignalMessage(request.body)
  let failure: unknown = new CryptoError('no_session')
  for (const key of candidates(record, ratchetKey)) {
    try {
      const result = await tryOne(request, record, key, request.body, pinned)
      return { ...result, used: null }
    } catch (error) {
      // A session that knows the ratchet key is the right one: its answer stands.
      if (ratchetKey in (record.sessions[key]?.chains ?? {})) throw error
      failure = error
    }
  }
  throw failure
}

/** Decrypts with one session of the record; its siblings stay untouched, also on failure. */
async function tryOne(
  request: Decryption<Bytes>,
  record: RecordState,
  key: string,
  body: Uint8Array,
  identity: PublicKey,
): Promise<Pick<DecryptedIn<Bytes>, 'session' | 'plaintext' | 'identityKey'>> {
  const state = record.sessions[key]
  if (!state || !equal(fromBase64(state.indexInfo.remoteIdentityKey), identity)) {
    throw new CryptoError('identity_mismatch')
  }
  if (jump(state, parseSignalMessage(body)) > MAX_JUMP) throw new CryptoError('too_far')
  const store = new StagedStore(request.local, serialize(isolate(record, key)), identity)
  const cipher = new SessionCipher(store, address(request.remote))
  const plaintext = await translate(() => cipher.decryptWhisperMessage(own(body).buffer, 'binary'))
  if (!store.session) throw new CryptoError('internal', 'libsignal stored no session')
  const whole = reunite(record, parse(store.session), Date.now())
  return {
    session: serialize(prune(whole)),
    plaintext: own(plaintext),
    identityKey: identity,
  }
}

function sessionByBaseKey(record: RecordState, baseKey: string): string | undefined {
  return Object.entries(record.sessions).find(
    ([, state]) => state.indexInfo.baseKey === baseKey && state.indexInfo.baseKeyType === 2,
  )?.[0]
}
