/** What differs between a browser and a phone. The web's implementation is in `web.ts`. */
import type { Bytes } from '@/crypto/bytes'

/** The key that seals everything else; it never leaves the device. */
export interface DeviceKeys {
  /** Null on a device that has none yet. Encrypts and decrypts; the web's cannot be exported. */
  load(): Promise<CryptoKey | null>
  /** Makes and keeps a new one, replacing any other. */
  create(): Promise<CryptoKey>
  erase(): Promise<void>
}

/**
 * Passkeys that keep a secret: the device's own (fingerprint, face, PIN) or a security key, by WebAuthn's
 * extension PRF. The secret is 32 bytes, the same each time for one salt. Creating and asking end
 * with a `PasskeyError`.
 */
export interface Passkeys {
  /** Whether this browser has them at this address. */
  supported(): Promise<boolean>
  /** `name` is what the browser's own list of passkeys shows. */
  create(name: string, salt: Bytes): Promise<{ id: Bytes; secret: Bytes }>
  secret(id: Bytes, salt: Bytes): Promise<Bytes>
}

/** `unsupported`: the browser, or the device that the person chose, keeps no such secret. */
export class PasskeyError extends Error {
  override readonly name = 'PasskeyError'
  constructor(
    readonly code: 'cancelled' | 'unsupported',
    options?: ErrorOptions,
  ) {
    super(code, options)
  }
}

export interface Platform {
  readonly name: 'web' | 'ios' | 'android'
  /** Told to one's own other devices only: “Firefox on Linux”. */
  readonly deviceName?: string
  /** Where the relay is; the page's own origin on the web. */
  readonly relayUrl: string
  readonly deviceKeys: DeviceKeys
  /** Absent where there are none. */
  readonly passkeys?: Passkeys
  /** Asks that our data is not thrown away when space is short; null where that has no meaning. */
  persist(): Promise<boolean | null>
  /** Hands a file to the person (download, share sheet). */
  saveFile(name: string, file: Blob): Promise<void>
}
