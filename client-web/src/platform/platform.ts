import type { Bytes } from '@/crypto/bytes'

/**
 * Differences between a browser and a phone. `device/` holds the browser's side; the phone build replaces it by
 * `capacitor/src/`, with modules of the same names.
 */

/** The key that seals all stored data. It never leaves the device. */
export interface DeviceKeys {
  /** Null on a device without a key. The key encrypts and decrypts; that of the web cannot be exported. */
  load(): Promise<CryptoKey | null>
  /** Creates and stores a new key in place of any other. */
  create(): Promise<CryptoKey>
  erase(): Promise<void>
}

/** The relay's address: `https://chat.example.org`, without a path. */
export interface RelayAddress {
  /** Null until the person has chosen one. On the web it is the page's origin. */
  url(): string | null
  /** Stores another address. Absent where the page is served by its relay. */
  choose?(url: string): Promise<void>
}

/**
 * Passkeys that hold a secret (WebAuthn's extension PRF): the device's own (fingerprint, face, PIN) or a security
 * key. The secret has 32 bytes and depends on the salt alone. Failures are a `PasskeyError`.
 */
export interface Passkeys {
  /** Whether this browser offers them at this address. */
  supported(): Promise<boolean>
  /** `name`: shown in the browser's list of passkeys. */
  create(name: string, salt: Bytes): Promise<{ id: Bytes; secret: Bytes }>
  secret(id: Bytes, salt: Bytes): Promise<Bytes>
}

/** `unsupported`: the browser, or the chosen device, holds no such secret. */
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
  /** Sent to one's own other devices only: “Firefox (Linux)”. */
  readonly deviceName?: string
  readonly relay: RelayAddress
  readonly deviceKeys: DeviceKeys
  /** Absent where there are none. */
  readonly passkeys?: Passkeys
  /** Asks the browser not to evict our data when space is short. Null where that does not apply. */
  persist(): Promise<boolean | null>
  /** Gives a file to the person (download, share sheet). */
  saveFile(name: string, file: Blob): Promise<void>
}

/** `missing`: no notifications for open pages, as on most phones. */
export type NoticeAccess = 'default' | 'granted' | 'denied' | 'missing'

/** System notifications. */
export interface Notices {
  access(): Promise<NoticeAccess>
  /** Works only from a press of the person. */
  ask(): Promise<NoticeAccess>
  /** Null where the system refuses it, though it offers the interface. */
  show(title: string, pressed: () => void): ShownNotice | null
}
export interface ShownNotice {
  close(): void
}

export interface Updates {
  /** Reloads into the waiting version. */
  apply(): Promise<void>
}

/** Events from the phone's system. */
export interface ShellEvents {
  /** Navigates back. Returns false where there is no earlier place: the app then goes to the background. */
  back(): boolean
  /** The app was opened with a link (`sealstream:…`). */
  opened(link: string): void
}

/** Functions of the phone's system; a browser needs none of them. */
export interface Shell {
  attach(events: ShellEvents): void
  /** Colours the system's bars so that their icons stay readable. */
  showTheme(theme: 'system' | 'light' | 'dark'): void
  /** A short haptic tap. */
  tap(): void
}
