/** What lies in a client's database, opened with its root and, where it has one, its safe. */
import { utf8 } from '@/crypto/bytes'
import { decodeHeld } from '@/crypto/versions/held-sessions'
import { asSealed, engineTag, Safe } from '@/crypto/engine/safe'
import { SafeEngine } from '@/crypto/engine/safe-engine'
import { readSession } from '@/crypto/v4/records'
import { remoteOf } from '@/messenger/core/counter-table'
import { accounts, prekeys, rawKinds, safes, sessions } from '@/messenger/core/key-records'
import { kemPrekeys, signedPrekeys } from '@/messenger/core/key-records'
import { contacts } from '@/messenger/core/stored-records'
import { Changes } from '@/storage/changes'
import { place } from '@/storage/store'
import type { Key, TableName } from '@/storage/schema'
import { openStore } from './storage'
import type { OpenedStore } from './storage'

export interface Secrets {
  /** 32 bytes each; seeds of the KEM's pairs 64. */
  privateKeys: Uint8Array[]
  /** As the engines write them. */
  sessions: Uint8Array[]
}

async function withStore<T>(database: string, read: (opened: OpenedStore) => Promise<T>) {
  const opened = await openStore(database)
  try {
    return await read(opened)
  } finally {
    opened.db.close()
  }
}

/** As builds left them that did not seal them. */
export const rawSecrets = (database: string): Promise<Secrets> =>
  withStore(database, async ({ store }) => {
    const account = await store.get(rawKinds.accounts, 'account')
    const pairs = [
      ...(account?.identity ? [account.identity] : []),
      ...(await store.all(rawKinds.prekeys)),
      ...(await store.all(rawKinds.signedPrekeys)),
    ]
    return {
      privateKeys: pairs.map(({ keyPair }) => keyPair.privateKey),
      sessions: (await store.all(rawKinds.sessions)).map(utf8),
    }
  })

/** With the safe opened, as only the engine's thread does it. */
export const sealedSecrets = (database: string): Promise<Secrets> =>
  withStore(database, async ({ store, sealer }) => {
    const wrapped = await store.get(safes, 'safe')
    const account = await store.get(accounts, 'account')
    if (!wrapped || !account?.identity) throw new Error('no safe, or no identity')
    const safe = await Safe.open(wrapped, await sealer.safeKey())
    const { keyPair } = await new SafeEngine(safe).openIdentity(account.identity)
    const privateKeys = [keyPair.privateKey]
    for (const { id, secret } of await store.all(prekeys))
      privateKeys.push(await safe.open(`prekey ${id}`, asSealed(secret)))
    for (const { id, secret } of await store.all(signedPrekeys))
      privateKeys.push(await safe.open(`signed prekey ${id}`, asSealed(secret)))
    for (const { id, secret } of await store.all(kemPrekeys))
      privateKeys.push(await safe.open(`kem prekey ${id}`, asSealed(secret)))
    const found: Uint8Array[] = []
    for (const key of await store.keys('sessions')) {
      const { userId, deviceId } = remoteOf(String(key))
      const session = await store.get(sessions, key)
      const secret = session && (await safe.open(`session ${userId}.${deviceId}`, session))
      if (!session || !secret) continue
      const { v3, v4 } = decodeHeld(engineTag(session), secret)
      if (v3) found.push(v3)
      if (v4) {
        found.push(v4.state, v4.parts, v4.archive)
        const { ratchet, pq } = readSession(v4)
        privateKeys.push(ratchet.own.privateKey, ratchet.root, pq.chains.root)
      }
    }
    return { privateKeys, sessions: found }
  })

/** The content of every record, whatever it is. */
export const everyRecord = (database: string): Promise<unknown[]> =>
  withStore(database, async ({ db, sealer }) => {
    const opened: unknown[] = []
    const tables = ([...db.objectStoreNames] as TableName[]).filter(
      (table) => table !== 'vault' && table !== 'staged',
    )
    for (const table of tables) {
      const [keys, values] = await Promise.all([db.getAllKeys(table), db.getAll(table)])
      for (const [i, value] of values.entries()) {
        const sealed = table === 'messages' ? (value as { data: Uint8Array }).data : value
        const at = place(table, keys[i] as Key<TableName>)
        opened.push(await sealer.open(at, sealed as Uint8Array))
      }
    }
    return opened
  })

/** What an older build knows of others: none of their KEM prekeys. */
export const forgetKem = (database: string) =>
  withStore(database, async ({ store }) => {
    const changes = new Changes()
    for (const { kemDevices: _, ...contact } of await store.all(contacts)) {
      changes.write(contacts, contact.userId, contact)
    }
    await store.commit(changes)
  })

/** Flips a bit of the sealed secret inside a record, which itself stays whole. */
export const damageSecret = (database: string, what: 'account' | 'sessions' | 'prekeys' | 'safe') =>
  withStore(database, async ({ store }) => {
    const flipped = (bytes: Uint8Array<ArrayBuffer>) => {
      const copy = bytes.slice()
      copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1
      return copy
    }
    const changes = new Changes()
    if (what === 'safe') {
      const wrapped = await store.get(safes, 'safe')
      if (wrapped) changes.put('records', 'safe', flipped(wrapped))
    } else if (what === 'account') {
      const account = await store.get(accounts, 'account')
      const identity = account?.identity
      if (!identity) throw new Error('no identity')
      const secret = asSealed(flipped(identity.secret))
      changes.write(accounts, 'account', { ...account, identity: { ...identity, secret } })
    } else if (what === 'prekeys') {
      for (const one of await store.all(prekeys)) {
        changes.write(prekeys, one.id, { ...one, secret: asSealed(flipped(one.secret)) })
      }
    } else {
      for (const key of await store.keys('sessions')) {
        const session = await store.get(sessions, key)
        if (session) changes.write(sessions, key, asSealed(flipped(session)))
      }
    }
    await store.commit(changes)
  })
