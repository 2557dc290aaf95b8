/**
 * Profiles as a build left them: every row of their databases, sealed as it was, and the device key
 * that opens them (made extractable for this), together with the test relay they knew.
 */
import { decode, encode } from '@msgpack/msgpack'
import { openDB } from 'idb'
import { fromBase64, own, toBase64 } from '@/crypto/bytes'
import { TestRelay } from './test-relay'
import type { TestDevice, TestUser } from './test-relay-users'

interface Profile {
  version: number
  deviceKey: Uint8Array
  tables: { name: string; indexes: string[]; rows: [key: IDBValidKey, value: unknown][] }[]
}

/** Of those that were made before there were KEM prekeys. */
type Kem = 'kemPrekey' | 'kemPrekeys'

interface Scene {
  /** When it was made, ms. */
  at: number
  users: (Omit<TestUser, 'devices'> & {
    devices: (Omit<TestDevice, 'socket' | Kem> &
      Partial<Pick<TestDevice, Kem>> & { socket: null })[]
  })[]
  profiles: Record<string, Profile>
}

/** Registers with a device key that can be exported: run around the making of the clients. */
export function withExtractableKeys(): () => void {
  const { generateKey } = crypto.subtle
  crypto.subtle.generateKey = ((how: AesKeyGenParams, _: boolean, uses: KeyUsage[]) =>
    generateKey.call(crypto.subtle, how, true, uses)) as typeof generateKey
  return () => {
    crypto.subtle.generateKey = generateKey
  }
}

async function dumpProfile(database: string): Promise<Profile> {
  const keys = await openDB(`${database}-keys`)
  const deviceKey = (await keys.get('keys', 'device')) as CryptoKey
  keys.close()
  const db = await openDB(database)
  const tables = await Promise.all(
    [...db.objectStoreNames].map(async (name) => {
      const [names, values] = await Promise.all([db.getAllKeys(name), db.getAll(name)])
      const indexes = [...db.transaction(name).store.indexNames]
      return {
        name,
        indexes,
        rows: names.map((key, i) => [key, values[i]] as [IDBValidKey, unknown]),
      }
    }),
  )
  const { version } = db
  db.close()
  return {
    version,
    deviceKey: new Uint8Array(await crypto.subtle.exportKey('raw', deviceKey)),
    tables,
  }
}

/** base64 of the whole scene; `databases` by name of the person. */
export async function dumpScene(
  relay: TestRelay,
  databases: Record<string, string>,
): Promise<string> {
  const profiles: Record<string, Profile> = {}
  for (const [name, database] of Object.entries(databases)) {
    profiles[name] = await dumpProfile(database)
  }
  const users = [...relay.users.values()].map((user) => ({
    ...user,
    devices: [...user.devices.values()].map((device) => ({ ...device, socket: null })),
  }))
  const scene: Scene = { at: Date.now(), users, profiles }
  return toBase64(own(encode(scene, { ignoreUndefined: true })))
}

async function loadProfile(database: string, profile: Profile): Promise<void> {
  const keys = await openDB(`${database}-keys`, 1, {
    upgrade: (db) => void db.createObjectStore('keys'),
  })
  const uses: KeyUsage[] = ['encrypt', 'decrypt']
  const raw = own(profile.deviceKey)
  await keys.put(
    'keys',
    await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, uses),
    'device',
  )
  keys.close()
  const db = await openDB(database, profile.version, {
    upgrade(fresh) {
      for (const { name, indexes } of profile.tables) {
        const table = fresh.createObjectStore(name)
        for (const index of indexes) table.createIndex(index, index)
      }
    },
  })
  for (const { name, rows } of profile.tables) {
    const transaction = db.transaction(name, 'readwrite')
    await Promise.all([
      ...rows.map(([key, row]) => transaction.store.put(ownBytes(row), key)),
      transaction.done,
    ])
  }
  db.close()
}

/** The decoder's arrays are views of the whole scene; a row holds its own. */
function ownBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return own(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, ownBytes(part)]))
}

/** The relay as it was, and each person's databases under `prefix` and their name. */
export async function loadScene(base64: string, prefix: string) {
  const { at, users, profiles } = decode(fromBase64(base64.trim())) as Scene
  const relay = new TestRelay()
  for (const user of users) {
    const devices = user.devices.map((device) => ({
      kemPrekey: null,
      kemPrekeys: [],
      ...device,
      mailbox: device.mailbox.map((one) => ({ ...one, body: own(one.body) })),
    }))
    relay.users.set(user.id, { ...user, devices: new Map(devices.map((one) => [one.id, one])) })
  }
  for (const [name, profile] of Object.entries(profiles)) {
    await loadProfile(`${prefix}-${name}`, profile)
  }
  return { relay, at }
}
