/** Version 4 behind the interface that both versions have: its records as bytes. */
import type { Bytes } from '@/crypto/bytes'
import type { CryptoEngine, Session } from '@/crypto/engine'
import { CryptoError } from '@/crypto/errors'
import { decrypt, describe, encrypt, inspect, startSession } from './engine'
import { encodeFields, Fields } from './protobuf'
import type { SessionRecord } from './records'

const LAYOUT = 1

export const versionFour: CryptoEngine = {
  async startSession({ session, bundle, ...request }) {
    const { kemPrekey, ...rest } = bundle
    if (!kemPrekey) throw new CryptoError('internal', 'a bundle without KEM prekey')
    const record = session && decodeRecord(session)
    const started = { ...request, record, bundle: { ...rest, kyberPrekey: kemPrekey } }
    return encodeRecord(await startSession(started))
  },

  async encrypt({ session, ...request }) {
    const { record, ...encrypted } = await encrypt({ ...request, record: decodeRecord(session) })
    return { ...encrypted, session: encodeRecord(record) }
  },

  async inspect(body) {
    const { kyberPrekeyId: kemPrekeyId, ...info } = inspect(body)
    return { ...info, kemPrekeyId }
  },

  async decrypt({ session, signedPrekey, kemPrekey, baseKeyUsed, ...request }) {
    const { body, kind } = request
    const { used, record, ...decrypted } = await decrypt({
      ...request,
      record: session && decodeRecord(session),
      signedPrekey,
      kyberPrekey: kemPrekey,
      usedBaseKeys: baseKeyUsed && kind === 'prekey' ? [inspect(body).baseKey] : [],
    })
    if (!used) return { ...decrypted, session: encodeRecord(record), used }
    const { kyberPrekeyId: kemPrekeyId, ...rest } = used
    return { ...decrypted, session: encodeRecord(record), used: { ...rest, kemPrekeyId } }
  },

  async describe(session) {
    return describe(decodeRecord(session))
  },
}

const encodeRecord = ({ state, parts, archive }: SessionRecord): Session =>
  encodeFields([1, LAYOUT], [2, state], [3, parts], [4, archive])

/** @throws CryptoError `internal` for bytes that no build wrote */
export function decodeRecord(session: Bytes): SessionRecord {
  const fields = new Fields(session)
  if (fields.number(1) !== LAYOUT) throw new CryptoError('internal', 'of a newer layout')
  return { state: fields.bytes(2), parts: fields.bytes(3), archive: fields.bytes(4) }
}
