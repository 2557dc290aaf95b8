/** What differs between a browser and a phone. The web's implementation is in `web.ts`. */

/** The key that seals everything else; it never leaves the device. */
export interface DeviceKeys {
  /** Null on a device that has none yet. Encrypts and decrypts; the web's cannot be exported. */
  load(): Promise<CryptoKey | null>
  /** Makes and keeps a new one, replacing any other. */
  create(): Promise<CryptoKey>
  erase(): Promise<void>
}

export interface Platform {
  readonly name: 'web' | 'ios' | 'android'
  /** Told to one's own other devices only: “Firefox on Linux”. */
  readonly deviceName?: string
  /** Where the relay is; the page's own origin on the web. */
  readonly relayUrl: string
  readonly deviceKeys: DeviceKeys
  /** Asks that our data is not thrown away when space is short; null where that has no meaning. */
  persist(): Promise<boolean | null>
  /** Hands a file to the person (download, share sheet). */
  saveFile(name: string, file: Blob): Promise<void>
}
