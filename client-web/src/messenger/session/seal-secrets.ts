/**
 * The engine's safe on a device that has none yet. Private keys and sessions that lie here unsealed,
 * of earlier builds, are handed to the engine's thread and rewritten together with the safe, in one
 * transaction: a device has a safe and no raw secret, or neither is changed.
 */
import type { RemoteEngine } from '@/crypto/engine/remote'
import type { RawSecrets, SealedSecrets } from '@/crypto/engine/engine'
import type { Bytes } from '@/crypto/bytes'
import { accounts, prekeys, rawKinds } from '@/messenger/core/key-records'
import { sessions, signedPrekeys } from '@/messenger/core/key-records'
import { remoteOf } from '@/messenger/core/counter-table'
import { Changes } from '@/storage/changes'
import type { Store } from '@/storage/store'

export const SAFE = 'safe'

/** The wrapped key of the new safe, which is open from now on. */
export async function createSafe(
  store: Store,
  engine: RemoteEngine,
  wrapping: CryptoKey,
): Promise<Bytes> {
  const raw = await readRaw(store)
  const { wrapped, secrets } = await engine.createSafe(wrapping, raw.secrets)
  const changes = new Changes().put('records', SAFE, wrapped)
  stage(changes, raw, secrets)
  await store.commit(changes)
  return wrapped
}

type Raw = Awaited<ReturnType<typeof readRaw>>

/** Records that do not open stay as they are. @throws StorageError `damaged` for the account's */
async function readRaw(store: Store) {
  const account = await store.get(rawKinds.accounts, 'account')
  const [oneTime, signed] = await Promise.all([
    store.all(rawKinds.prekeys),
    store.all(rawKinds.signedPrekeys),
  ])
  const held: { key: string; session: string }[] = []
  for (const key of await store.keys('sessions')) {
    const session = await store.getSpare(rawKinds.sessions, key)
    if (session !== null) held.push({ key, session })
  }
  const secrets: RawSecrets = {
    identity: account?.identity ?? null,
    prekeys: oneTime,
    signedPrekeys: signed,
    sessions: held.map(({ key, session }) => ({ remote: remoteOf(key), session })),
  }
  return { account, oneTime, signed, held, secrets }
}

function stage(changes: Changes, raw: Raw, secrets: SealedSecrets): void {
  const { account, oneTime, signed, held } = raw
  if (account) changes.write(accounts, 'account', { ...account, identity: secrets.identity })
  for (const [i, made] of secrets.prekeys.entries()) {
    const { keyPair: _, ...rest } = oneTime[i] as Raw['oneTime'][0]
    changes.write(prekeys, made.id, { ...rest, ...made })
  }
  for (const [i, made] of secrets.signedPrekeys.entries()) {
    const { keyPair: _, ...rest } = signed[i] as Raw['signed'][0]
    changes.write(signedPrekeys, made.id, { ...rest, ...made })
  }
  for (const [i, made] of secrets.sessions.entries()) {
    changes.write(sessions, (held[i] as Raw['held'][0]).key, made)
  }
}
