/**
 * The keys under which records lie: HMAC-SHA256 of table and id, under a key that comes from the
 * root. Whoever copies the database without the root learns from no key whom the person knows, nor
 * which message (the relay saw its id) lies here; the same id has another name in each table.
 */
import { toBase64, utf8 } from '@/crypto/bytes'
import { StorageError } from './errors'
import type { Key, TableName } from './schema'

const LENGTH = 18
/** Names of people and conversations come again and again; those of messages do not. */
const KEPT = 4_096

export class Names {
  private key: Promise<CryptoKey> | null
  private readonly known = new Map<string, string>()

  /** `root`: an HKDF key; see `vault.ts`. */
  constructor(root: CryptoKey) {
    this.key = derive(root)
    // Reported to whoever asks for a name.
    this.key.catch(() => undefined)
  }

  /** 24 characters. @throws StorageError `locked` */
  async of(table: string, id: string): Promise<string> {
    if (!this.key) throw new StorageError('locked')
    const place = `${table}/${id}`
    const known = this.known.get(place)
    if (known !== undefined) return known
    const mac = await crypto.subtle.sign('HMAC', await this.key, utf8(place))
    const name = toBase64(new Uint8Array(mac, 0, LENGTH))
    if (this.known.size >= KEPT) this.known.clear()
    this.known.set(place, name)
    return name
  }

  wipe(): void {
    this.key = null
    this.known.clear()
  }
}

/** Where a record lies: ids are hidden, numbers stay, for they keep the order. */
export async function storedKey(
  names: Names,
  table: TableName,
  key: Key<TableName>,
): Promise<Key<TableName>> {
  if (typeof key === 'string') return names.of(table, key)
  return Array.isArray(key) ? [await names.of(table, key[0]), key[1]] : key
}

const derive = (root: CryptoKey): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: utf8('sealstream names') },
    root,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign'],
  )
