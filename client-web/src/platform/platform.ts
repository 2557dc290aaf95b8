import type { Bytes } from '@/crypto/bytes'

/**
 * What differs between a browser and a phone. `device/` holds the browser's side of it; the build for phones
 * takes `capacitor/src/`, with modules of the same names, in its place.
 */

/** The key that seals everything else; it never leaves the device. */
export interface DeviceKeys {
  /** Null on a device that has none yet. Encrypts and decrypts; the web's cannot be exported. */
  load(): Promise<CryptoKey | null>
  /** Makes and keeps a new one, replacing any other. */
  create(): Promise<CryptoKey>
  erase(): Promise<void>
}

/** Where the relay is: `https://chat.example.org`, without a path. */
export interface RelayAddress {
  /** Null until the person has chosen one. On the web it is the page's own origin. */
  url(): string | null
  /** Keeps another one. Absent where the page comes from its relay. */
  choose?(url: string): Promise<void>
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
  /** Told to one's own other devices only: “Firefox (Linux)”. */
  readonly deviceName?: string
  readonly relay: RelayAddress
  readonly deviceKeys: DeviceKeys
  /** Absent where there are none. */
  readonly passkeys?: Passkeys
  /** Asks that our data is not thrown away when space is short; null where that has no meaning. */
  persist(): Promise<boolean | null>
  /** Hands a file to the person (download, share sheet). */
  saveFile(name: string, file: Blob): Promise<void>
}

/** `missing`: this browser has no notices for open pages (phones, most of all). */
export type NoticeAccess = 'default' | 'granted' | 'denied' | 'missing'

/** Notices of the system. */
export interface Notices {
  access(): Promise<NoticeAccess>
  /** Only works from a press of the person. */
  ask(): Promise<NoticeAccess>
  /** Null where the system refuses it, though it seemed to have them. */
  show(title: string, pressed: () => void): ShownNotice | null
}
export interface ShownNotice {
  close(): void
}

export interface Updates {
  /** Reloads into the version that waits. */
  apply(): Promise<void>
}

/** What a phone's system asks of the app. */
export interface ShellEvents {
  /** One step back; false where there is none, and the app goes out of sight. */
  back(): boolean
  /** The app was opened with a link (`sealstream:…`). */
  opened(link: string): void
}

/** The app as a guest of a phone's system; a browser needs nothing of this. */
export interface Shell {
  attach(events: ShellEvents): void
  /** Signs of the system above and below the page that can be read on it. */
  showTheme(theme: 'system' | 'light' | 'dark'): void
  /** A short tap that can be felt. */
  tap(): void
}
